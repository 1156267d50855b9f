// SPDX-License-Identifier: MIT

package basket

import "testing"

func check(t *testing.T, passed bool) {
	if !passed {
		t.Error("it failed")
	}
}

func TestTotal(t *testing.T)    { check(t, total()) }
func TestLabel(t *testing.T)    { check(t, label()) }
func TestDescribe(t *testing.T) { check(t, describe()) }
func TestCopy(t *testing.T)     { check(t, copies()) }
