printf '# what is known\ncrash function=make module=crash # see the tracker\nhang site=nobody # never\n' >known.supp
nomem explore -v --suppress known.supp -- ../crash 2>&1 | grep -v ' us)$\|^engines\|^nomem: runs are'
