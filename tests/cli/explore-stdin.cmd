printf abc >input; nomem explore --stdin input -- ../reader
