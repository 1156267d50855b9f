printf 'crash function=f\n\ncrash # all\ncrush function=f # typo\n' >bad.supp
nomem explore --suppress bad.supp -- ../crash
