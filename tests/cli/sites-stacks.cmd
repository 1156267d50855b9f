nomem sites --stacks -- ../crash
