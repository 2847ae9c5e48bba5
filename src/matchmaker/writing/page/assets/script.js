
// Search, filter and sort of the list; without this script the page is whole, in the order of the input.
(() => {
  "use strict";
  const table = document.getElementById("list");
  if (!table) return;
  const rows = [...table.tBodies];
  const find = (id) => document.getElementById(id);
  const [search, level, institute, shown] = ["search", "level", "institute", "shown"].map(find);
  const headings = [...table.tHead.rows[0].cells];
  const cell = (row, at) => row.rows[0].cells[at].textContent.trim();
  const at = (key) => headings.findIndex((heading) => heading.dataset.key === key);
  const fold = (text) => text.normalize("NFKC").toLowerCase();
  const order = new Intl.Collator(document.documentElement.lang, { numeric: true });
  const levels = ["strong", "fair", "weak", "none", undefined];
  const texts = new Map(); // what is searched in, folded when first needed

  const text = (row) => {
    if (!texts.has(row)) texts.set(row, fold(row.textContent));
    return texts.get(row);
  };

  const apply = () => {
    const words = fold(search.value).split(/\s+/).filter(Boolean);
    let n = 0;
    for (const row of rows) {
      const fits =
        (!level.value || row.dataset.level === level.value) &&
        (!institute || !institute.value || cell(row, at("institute")) === institute.value) &&
        words.every((word) => text(row).includes(word));
      row.hidden = !fits;
      n += fits;
    }
    shown.textContent = shown.dataset.text.replace("{n}", n).replace("{n_all}", rows.length);
  };

  const value = (row, key, index) => (key === "level" ? levels.indexOf(row.dataset.level) : cell(row, index));

  const sort = (heading) => {
    const key = heading.dataset.key;
    const was = heading.getAttribute("aria-sort");
    // what is best stands first at the first click: the highest score, the first letter
    const down = was === null ? key === "score" : was === "ascending";
    for (const other of headings) other.removeAttribute("aria-sort");
    heading.setAttribute("aria-sort", down ? "descending" : "ascending");
    const keyed = rows.map((row, place) => [value(row, key, headings.indexOf(heading)), place, row]);
    const compare = key === "level" || key === "score" ? (a, b) => a - b : (a, b) => order.compare(a, b);
    keyed.sort((a, b) => (down ? -1 : 1) * compare(a[0], b[0]) || a[1] - b[1]);
    const [parent, next, focused] = [table.parentNode, table.nextSibling, document.activeElement];
    table.remove(); // moving thousands of rows within the page would have it look at each of them again
    table.append(...keyed.map((entry) => entry[2]));
    parent.insertBefore(table, next);
    focused.focus();
  };

  for (const heading of headings) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = heading.textContent;
    button.addEventListener("click", () => sort(heading));
    const printed = document.createElement("span"); // a button is not repeated at the head of each printed page
    printed.className = "shown-in-print";
    printed.textContent = heading.textContent;
    heading.replaceChildren(button, printed);
  }
  if (institute) {
    const names = new Set(rows.map((row) => cell(row, at("institute"))).filter(Boolean));
    for (const name of [...names].sort(order.compare)) institute.append(new Option(name, name));
  }
  let waiting = 0;
  search.addEventListener("input", () => {
    clearTimeout(waiting);
    waiting = setTimeout(apply, rows.length > 500 ? 200 : 0);
  });
  for (const control of [level, institute]) if (control) control.addEventListener("change", apply);
  find("reset").addEventListener("click", () => {
    search.value = level.value = "";
    if (institute) institute.value = "";
    apply();
    search.focus();
  });
  find("controls").hidden = false;
  apply();
})();
