nomem sites --sites 'make(' -- ../crash
