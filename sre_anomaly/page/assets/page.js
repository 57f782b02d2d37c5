"use strict";
document.documentElement.classList.add("js");
// Cards are shown by metric, length and strength; a table sorts by the column whose head is clicked.
(() => {
  const filters = document.getElementById("filters");
  if (filters) {
    const cards = [...document.querySelectorAll(".filtered .card")];
    const shown = document.getElementById("shown");
    const apply = () => {
      const asked = Object.fromEntries(new FormData(filters));
      const words = (asked.words || "").toLowerCase();
      let left = 0;
      for (const card of cards) {
        const d = card.dataset;
        card.hidden = (asked.metric && d.metric !== asked.metric) || +d.length < +asked.length || +d.strength < +asked.strength || !card.textContent.toLowerCase().includes(words);
        left += card.hidden ? 0 : 1;
      }
      shown.textContent = left === cards.length ? `all ${left}` : `${left} of ${cards.length}`;
    };
    filters.addEventListener("input", apply);
    filters.addEventListener("submit", (event) => event.preventDefault());
    for (const link of document.querySelectorAll("[data-words]")) link.addEventListener("click", () => { filters.words.value = link.dataset.words; apply(); filters.scrollIntoView(); });
    apply();
  }
  const number = (text) => parseFloat(text.replace(/,/g, ""));
  for (const table of document.querySelectorAll("table")) {
    const rows = [...table.rows].slice(1);
    if (rows.length < 3) continue;
    [...table.rows[0].cells].forEach((head, column) => {
      head.dataset.sort = "";
      head.tabIndex = 0;
      let upward = false;
      const sort = () => {
        upward = !upward;
        const texts = new Map(rows.map((row) => [row, row.cells[column] ? row.cells[column].textContent : ""]));
        const numeric = rows.filter((row) => !isNaN(number(texts.get(row)))).length > rows.length / 2;
        const key = (row) => (numeric ? number(texts.get(row)) || 0 : texts.get(row));
        rows.sort((a, b) => (key(a) < key(b) ? -1 : key(a) > key(b) ? 1 : 0) * (upward ? 1 : -1));
        rows.forEach((row) => row.parentNode.appendChild(row));
      };
      head.addEventListener("click", sort);
      head.addEventListener("keydown", (event) => event.key === "Enter" && sort());
    });
  }
})();
