// Clicks on the page, and writes what then is the case as JSON in place of its content.
(async () => {
  while (!document.documentElement.dataset.charts && !problems.length) await new Promise((go) => setTimeout(go, 50));
  const cells = (table, place) =>
    [...table.tBodies[0].rows].filter((row) => !row.hidden).map((row) => row.cells[place].textContent);
  const block = document.querySelector("#scores .table");
  const table = block.querySelector("table");
  const titles = [...table.tHead.rows[0].cells].map((head) => head.innerText.trim());
  const score = titles.findIndex((title) => title.startsWith("mIoU"));
  const head = table.tHead.rows[0].cells[score];
  head.querySelector("button").click();
  const ascending = cells(table, score);
  head.querySelector("button").click();
  const select = [...block.querySelectorAll("label")].find((one) => one.textContent.startsWith("target")).children[0];
  const before = cells(table, 0).length;
  select.value = "bdd100k";
  select.dispatchEvent(new Event("change"));
  document.getElementById("theme").click();
  document.getElementById("theme").click();
  const ids = [...document.querySelectorAll("[id]")].map((one) => one.id);
  const resources = performance.getEntriesByType("resource").map((entry) => entry.name);
  const state = {
    problems,
    ascending,
    order: head.getAttribute("aria-sort"),
    before,
    targets: cells(table, titles.indexOf("target")),
    count: block.querySelector("output").textContent,
    charts: document.querySelectorAll("script[data-chart]").length,
    drawn: [...document.querySelectorAll(".chart svg.marks")].filter((svg) => svg.clientWidth > 100).length,
    loaded: resources.filter((url) => !url.startsWith("data:")),
    dark: getComputedStyle(document.body).backgroundColor,
    duplicates: ids.length - new Set(ids).size,
    unnamed: document.querySelectorAll("img:not([alt]), table:not(:has(caption)), section:not([aria-labelledby])").length,
  };
  const starts = [...document.querySelectorAll("#provenance table")].find((one) => one.caption.textContent.startsWith("Starts"));
  starts.tHead.rows[0].cells[1].querySelector("button").click();
  state.starts = cells(starts, 1);
  document.querySelector("main").style.width = "200px";
  const images = [...document.querySelectorAll(".images")];
  state.narrow = [images.length > 0, images.some((one) => one.scrollWidth > 200)];
  const rules = [...document.styleSheets].flatMap((sheet) => [...sheet.cssRules]);
  const dark = rules.filter((rule) => rule.cssText.includes("--paper: #14171a"));
  state.mediaOfDark = dark.map((rule) => rule.media?.mediaText.split(" ")[0]);
  document.body.innerHTML = "<pre id=state></pre>";
  document.getElementById("state").textContent = JSON.stringify(state);
})();
