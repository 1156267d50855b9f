-- Many small tables and strings, for about a quarter of a second.
local words = {}
for i = 1, 300000 do words[i % 1000 + 1] = { name = "word" .. i, size = i } end
print(#words)
