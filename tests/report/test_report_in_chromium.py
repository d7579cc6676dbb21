"""The report in a real browser: nothing runs, pictures show, the page is as wide as the screen."""

import json
import re
import shutil
import subprocess
from html import unescape
from pathlib import Path

import pytest
from synthetic_task_run import write_task_run
from synthetic_tasks import TASKS

from finetrust.core.run_folder import RunFolder
from finetrust.report.html import write_report

CHROMIUM = next((p for p in map(shutil.which, ("chromium", "chromium-browser")) if p), None)

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="needs chromium, which is not on PATH")

HARNESS = """
<body><pre id="out"></pre><script>
const pages = PAGES, found = [];
window.alert = text => found.push({alert: text});
for (const [url, width] of pages) {
  const frame = document.createElement('iframe');
  frame.style.cssText = `border:0; height:800px; width:${width}px`;
  frame.onload = () => {
    const page = frame.contentDocument, root = page.documentElement;
    found.push({
      width: root.clientWidth,
      needed: root.scrollWidth,
      broken: [...page.images].filter(i => !i.complete || !i.naturalWidth).length,
      fetched: frame.contentWindow.performance.getEntriesByType('resource')
        .map(e => e.name).filter(name => !name.startsWith('data:')),
      scripts: page.scripts.length,
      text: page.body.innerText.includes('<scr' + 'ipt>alert(1)</scr' + 'ipt>'),
    });
    document.getElementById('out').textContent = JSON.stringify(found);
  };
  frame.src = url;
  document.body.append(frame);
}
</script></body>
"""


def test_reports_in_a_browser_the_hostile_one_too(
    run: RunFolder, hostile: RunFolder, as_it_comes: RunFolder, tmp_path: Path
) -> None:
    others = [write_task_run(tmp_path / name, name) for name in TASKS]
    urls = [write_report(f).as_uri() for f in (hostile, run, as_it_comes, *others)]
    pages = [[url, width] for url in urls for width in (360, 1280)]
    harness = tmp_path / "harness.html"
    harness.write_text(HARNESS.replace("PAGES", json.dumps(pages)))
    command = [
        str(CHROMIUM), "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic",
        "--no-first-run", "--disable-background-networking", "--disable-component-update",
        "--disable-sync", "--disable-web-security", "--allow-file-access-from-files",
        f"--user-data-dir={tmp_path / 'profile'}", "--virtual-time-budget=5000",
        "--dump-dom", harness.as_uri(),
    ]  # fmt: skip
    dom = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    match = re.search(r'<pre id="out">(.*?)</pre>', dom, re.S)
    assert match is not None
    found = json.loads(unescape(match[1]))
    assert len(found) == len(pages)
    for page in found:
        assert "alert" not in page
        assert page["needed"] <= page["width"]
        assert page["broken"] == 0
        assert page["fetched"] == []
        assert page["scripts"] == 0
    assert sum(page["text"] for page in found) == 2
