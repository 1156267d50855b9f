module basket

go 1.19
