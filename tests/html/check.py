# SPDX-License-Identifier: MIT
"""The page that --html writes, in a real browser: looked at, clicked and typed at.

    python3 tests/html/check.py PAGE HOSTILE_PAGE CLEAN_PAGE FOLDER

PAGE: of an exploration with several findings. HOSTILE_PAGE: of tests/html/hostile.sh's program. CLEAN_PAGE: of one that
found nothing. Screenshots go to FOLDER. Exit status: 0 all passed, 1 some failed.
"""

import sys

from browser import Browser

failed = 0


def check(name, is_good, seen=""):
    global failed
    failed += not is_good
    print(("ok " if is_good else "not ok ") + name + ("" if is_good else f": {seen}"), flush=True)


def rows(browser):
    return browser.run("document.querySelectorAll('tr.finding').length")


def check_table(browser):
    findings = browser.run("report.findings.length")
    check("every finding has its row", rows(browser) == findings > 1, rows(browser))
    browser.click("tr.finding")
    check("a click on a row opens both its stacks", browser.run(
        "document.querySelectorAll('tr.detail').length == 1 &&"
        "document.querySelectorAll('tr.detail .stacks .stack').length == 2"))
    browser.click("tr.finding .toggle")
    check("and another closes them", browser.run("document.querySelectorAll('tr.detail').length") == 0)
    browser.run("document.querySelector('tr.finding .toggle').focus()")
    browser.key("Enter", 13, "\r")
    check("the Enter key does too, and the focus stays", browser.run(
        "document.querySelectorAll('tr.detail').length == 1 && document.activeElement.matches('.toggle')"))

    browser.click("#findings-head th:nth-child(5) button")
    runs = browser.run("shownFindings().map((finding) => finding.runs)")
    shown = browser.run("""[...document.querySelectorAll('tr.finding td:last-child')].map(
        (cell) => +cell.textContent.replace(/\\D/g, ''))""")
    check("sorted by runs, most first, and said", shown == runs == sorted(runs, reverse=True) and browser.run(
        "document.querySelector('#findings-head th:nth-child(5)').ariaSort") == "descending", (shown, runs))

    browser.run("document.querySelector('#filter').focus()")
    browser.call("Input.insertText", text="no such words")
    check("a filter that nothing matches leaves a line that says so",
          rows(browser) == 0 and "None that matches" in browser.run("document.querySelector('#findings').textContent"))
    browser.run("byId('filter').value = ''")
    browser.call("Input.insertText", text=browser.run("report.findings[0].id"))
    check("filtered to one finding", rows(browser) == 1 and browser.run("byId('shown').textContent").startswith("1 of"))
    browser.run("byId('filter').value = ''; byId('filter').dispatchEvent(new Event('input'))")

    browser.run("navigator.clipboard.writeText = async (text) => { window.copied = text; }")
    browser.click(".copy")
    check("the copy button copies the line that reproduces it",
          browser.run("window.copied").startswith("nomem run --fail ")
          and browser.run("document.querySelector('.copy').textContent") == "Copied", browser.run("window.copied"))
    browser.run("opened.clear(); location.hash = report.findings[1].id")
    check("an address with a finding's name opens it", browser.run(
        "new Promise((done) => setTimeout(() => done(opened.has(report.findings[1].id)), 50))"))


def check_chart(browser):
    check("the chart's top row is as wide as the chart", browser.run("""(() => {
        const width = (e) => e.getBoundingClientRect().width;
        return Math.abs(width(document.querySelector('#chart rect')) - byId('chart').clientWidth) < 3; })()"""))
    check("no cell is wider than its caller", browser.run("""(() => {
        const good = (node) => [...node.children.values()].every((child) => child.calls <= node.calls && good(child));
        return good(tree); })()"""))
    check("all allocations of the sites are in it",
          browser.run("tree.calls == report.sites.reduce((sum, site) => sum + site.calls, 0)"))
    browser.run("current.cell.focus()")
    browser.key("ArrowDown", 40)
    below = browser.run("current.name")
    check("the down key goes to a callee, which is described", browser.run("current.depth == 1") and
          below in browser.run("byId('node').textContent"), below)
    browser.key("Enter", 13, "\r")
    check("Enter zooms in", browser.run("zoomed == current && zoomed != tree && !byId('zoom-out').disabled"))
    browser.key("Escape", 27)
    check("Escape zooms out", browser.run("zoomed == tree && byId('zoom-out').disabled"))
    browser.click("#chart g:nth-of-type(3)")
    check("a click zooms in", browser.run("zoomed.depth == 2"), browser.run("zoomed.depth"))
    browser.click("#zoom-out")
    browser.run("byId('weight').value = 'sites'; byId('weight').dispatchEvent(new Event('change'))")
    check("by sites it is drawn anew", browser.run("document.querySelectorAll('#chart rect').length > 2"))
    browser.run("byId('weight').value = 'calls'; byId('weight').dispatchEvent(new Event('change')); zoom(tree)")


def check_nothing_odd(browser, name):
    text = browser.run("document.body.innerText")
    check(f"{name}: no value that is not there is shown", not any(
        word in text.split() for word in ("null", "undefined", "NaN", "[object")), text)


def luminance(browser, what):
    return browser.run(f"""(() => {{
        const [r, g, b] = getComputedStyle(document.body).{what}.match(/\\d+/g).map(Number);
        return 0.3 * r + 0.6 * g + 0.1 * b; }})()""")


def check_themes(browser, name, folder):
    for theme in ("light", "dark"):
        browser.dark(theme == "dark")
        page, text = luminance(browser, "backgroundColor"), luminance(browser, "color")
        check(f"{name}: {theme} and easy to read",
              (page < 60 < 180 < text) if theme == "dark" else (text < 60 < 180 < page), (page, text))
        browser.screenshot(f"{folder}/{name}-{theme}.png")
    browser.dark(False)


def check_hostile(browser):
    browser.run("document.querySelectorAll('tr.finding').length && byId('open-all').click()")
    check("nothing of the program's was run", browser.run("typeof window.pwned") == "undefined")
    check("nor made into elements", browser.run("""document.querySelectorAll(
        'img, iframe, body script:not([nonce]):not([type]), svg[onload], b[onclick]').length""") == 0)
    check("names are shown as they are", "</script><script>pwned=1</script><img src=x onerror=pwned=1>" in
          browser.run("document.querySelector('#findings').innerText + byId('sites').innerText"))
    check("and lines of source", "<!-- <script> -->" in browser.run("document.querySelector('#findings').textContent"))


def main():
    page, hostile, clean, suite, folder = sys.argv[1:]
    browser = Browser()
    try:
        browser.open(page)
        check_table(browser)
        check_chart(browser)
        check_nothing_odd(browser, "page")
        check_themes(browser, "page", folder)
        check("narrow: nothing sticks out", (browser.call(
            "Emulation.setDeviceMetricsOverride", width=400, height=800, deviceScaleFactor=1, mobile=True),
            browser.run("document.documentElement.scrollWidth"))[1] <= 400)
        browser.screenshot(f"{folder}/page-narrow.png", whole=False)
        browser.call("Emulation.clearDeviceMetricsOverride")
        check("no error, no violation, no request", browser.problems() == [], browser.problems())
        browser.open(hostile)
        check_hostile(browser)
        check_nothing_odd(browser, "hostile")
        check_themes(browser, "hostile", folder)
        check("hostile: no error, no violation, no request", browser.problems() == [], browser.problems())
        browser.open(clean)
        check("a clean page says so", "No finding" in browser.run("byId('result').textContent")
              and not browser.run("byId('findings-tools').checkVisibility()"))
        check_nothing_odd(browser, "clean")
        check("clean: no error, no violation, no request", browser.problems() == [], browser.problems())
        browser.open(suite)
        check("a suite has its tests and its findings, and no sites", rows(browser) == browser.run(
            "report.findings.length") > 1 and browser.run("byId('tests-section').innerText.includes('describe') &&"
                                                          "!byId('sites-section').checkVisibility()"))
        check_themes(browser, "suite", folder)
        check("suite: no error, no violation, no request", browser.problems() == [], browser.problems())
    finally:
        browser.close()
    return 1 if failed else 0


sys.exit(main())
