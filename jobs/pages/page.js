"use strict";
// Tables are sorted by their headings; films of one group play, stop and are sought together.
for (const table of document.querySelectorAll("table")) {
  const heads = [...table.tHead.rows[0].cells];
  const sort = (head) => {
    const column = heads.indexOf(head), up = head.ariaSort !== "ascending";
    const order = (row) => row.cells[column].dataset.order;
    const compare = (a, b) => (isNaN(a) || isNaN(b) || a === "" || b === "" ? a.localeCompare(b) : a - b);
    const rows = [...table.tBodies[0].rows].sort((a, b) => (up ? 1 : -1) * compare(order(a), order(b)));
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.ariaSort = up ? "ascending" : "descending";
    table.tBodies[0].append(...rows);
  };
  for (const head of heads) {
    head.addEventListener("click", () => sort(head));
    head.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" && event.key !== " ") return;
      event.preventDefault();  // the page would scroll by a space
      sort(head);
    });
  }
}
for (const group of document.querySelectorAll(".pair")) {
  const films = [...group.querySelectorAll("video")], button = group.querySelector("button");
  const slider = group.querySelector("input"), cursors = [...group.querySelectorAll(".cursor")];
  if (!films.length) continue;
  const length = () => Math.max(...films.map((film) => film.duration || 0));
  const show = () => {
    const part = length() ? films[0].currentTime / length() : 0;
    slider.value = part;
    for (const cursor of cursors) {
      const { left, right } = cursor.ownerSVGElement.dataset;
      cursor.style.visibility = "visible";
      cursor.setAttribute("x1", +left + part * (right - left));
      cursor.setAttribute("x2", +left + part * (right - left));
    }
  };
  const seek = (time) => films.forEach((film) => { film.currentTime = time; });
  const step = () => {
    const lead = films[0].currentTime;
    for (const film of films) if (Math.abs(film.currentTime - lead) > 0.08) film.currentTime = lead;
    show();
    if (!films[0].paused && !films[0].ended) requestAnimationFrame(step);
    else button.textContent = "Play";
  };
  button.addEventListener("click", async () => {
    if (!films[0].paused) return films.forEach((film) => film.pause());
    if (films[0].ended) seek(0);
    await Promise.all(films.map((film) => film.play()));
    button.textContent = "Pause";
    requestAnimationFrame(step);
  });
  slider.addEventListener("input", () => { seek(slider.value * length()); show(); });
}
