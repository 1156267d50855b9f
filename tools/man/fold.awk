# SPDX-License-Identifier: MIT
# Text lines of a manual page in a usual length; what is to be shown as it is stays so.
/^\.(nf|EX)/ { as_is = 1 }
/^\.(fi|EE)/ { as_is = 0 }
/^\./ || as_is || length <= 79 { print; next }
{ fill($0) }
