"use strict";
/* Charts, sortable and filterable tables, the theme. Tables can be read without scripts. */
(() => {
  const embedded = [...document.querySelectorAll("script[data-chart]")].map((script) =>
    vegaEmbed(document.getElementById(script.dataset.chart), JSON.parse(script.textContent), {
      renderer: "svg",
      downloadFileName: script.dataset.chart,
      actions: { export: true, source: false, compiled: false, editor: false },
    })
  );
  Promise.all(embedded).then(() => {
    document.querySelectorAll(".chart summary").forEach((menu) => menu.setAttribute("aria-label", "Save this chart"));
    document.documentElement.setAttribute("data-charts", "ready");
  });

  const number = (text) => parseFloat(text.replace("−", "-").replaceAll(",", ""));
  const compare = (one, other) => {
    const [a, b] = [number(one), number(other)];
    if (Number.isNaN(a) || Number.isNaN(b)) {
      return Number.isNaN(a) && Number.isNaN(b) ? one.localeCompare(other) : Number.isNaN(a) ? 1 : -1;
    }
    return a - b || one.localeCompare(other); // dates and sizes begin with the same number
  };

  const makeSortable = (table) => {
    const body = table.tBodies[0];
    [...table.tHead.rows[0].cells].forEach((head, place) => {
      const button = document.createElement("button");
      button.type = "button";
      button.textContent = head.textContent;
      head.replaceChildren(button);
      button.addEventListener("click", () => {
        const descending = head.getAttribute("aria-sort") === "ascending";
        table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
        head.setAttribute("aria-sort", descending ? "descending" : "ascending");
        const text = (row) => row.cells[place].textContent;
        const rows = [...body.rows].sort((a, b) => compare(text(a), text(b)));
        body.append(...(descending ? rows.reverse() : rows));
      });
    });
  };

  const makeFilterable = (block) => {
    const table = block.querySelector("table");
    const rows = [...table.tBodies[0].rows];
    const titles = [...table.tHead.rows[0].cells].map((head) => head.textContent);
    const wanted = new Map();
    const tools = document.createElement("div");
    tools.className = "tools";
    const count = document.createElement("output");
    const show = () => {
      let shown = 0;
      for (const row of rows) {
        row.hidden = [...wanted].some(([place, value]) => value && row.cells[place].textContent !== value);
        shown += !row.hidden;
      }
      count.textContent = `${shown} of ${rows.length} rows`;
    };
    for (const title of block.dataset.filters.split("|").filter(Boolean)) {
      const place = titles.indexOf(title);
      const values = [...new Set(rows.map((row) => row.cells[place].textContent))];
      if (values.length < 2) continue;
      const label = document.createElement("label");
      const select = document.createElement("select");
      select.append(new Option("all", ""), ...values.map((value) => new Option(value, value)));
      select.addEventListener("change", () => {
        wanted.set(place, select.value);
        show();
      });
      label.append(`${title} `, select);
      tools.append(label);
    }
    if (!tools.children.length) return;
    tools.append(count);
    block.prepend(tools);
    show();
  };
  document.querySelectorAll(".table").forEach((block) => {
    makeFilterable(block);
    makeSortable(block.querySelector("table"));
  });

  const button = document.getElementById("theme");
  const themes = ["system", "light", "dark"];
  let theme = 0;
  button.hidden = false;
  button.addEventListener("click", () => {
    theme = (theme + 1) % themes.length;
    button.textContent = `Theme: ${themes[theme]}`;
    document.documentElement.dataset.theme = themes[theme];
  });

  const links = new Map([...document.querySelectorAll("nav a")].map((link) => [link.hash.slice(1), link]));
  const watcher = new IntersectionObserver(
    (entries) =>
      entries.filter((entry) => entry.isIntersecting).forEach((entry) => {
        links.forEach((link) => link.removeAttribute("aria-current"));
        links.get(entry.target.id)?.setAttribute("aria-current", "true");
      }),
    { rootMargin: "-10% 0px -80% 0px" }
  );
  document.querySelectorAll("main > section").forEach((section) => watcher.observe(section));
})();
