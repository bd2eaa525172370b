// report.html: search, filter and sort of its accounts. Without it the page is whole, and nothing here is needed to read
// it. Hashed into the page's Content-Security-Policy: no other script runs. It never makes markup out of text.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);

  // A link to what is folded unfolds it.
  const unfold = () => {
    const target = /^#(account|entry)-\d+$/.test(location.hash) ? byId(location.hash.slice(1)) : null;
    const fold = target && target.querySelector("details");
    if (!fold) return;
    target.hidden = false;
    fold.open = true;
    target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);

  // On paper nothing is folded.
  let unfolded = [];
  addEventListener("beforeprint", () => {
    unfolded = Array.from(document.querySelectorAll("details:not([open])"));
    for (const fold of unfolded) fold.open = true;
  });
  addEventListener("afterprint", () => {
    for (const fold of unfolded) fold.open = false;
    unfolded = [];
  });

  const list = byId("account-list");
  if (list) accounts(list);
  unfold();

  function accounts(list) {
    const rows = Array.from(list.children, (item, order) => ({
      item,
      order,
      text: null,
      name: item.querySelector(".who").textContent,
      step: item.dataset.step,
      stages: item.dataset.stages.split(" "),
      due: item.dataset.due || "9999",
      reviews: Number(item.dataset.reviews),
      operations: Number(item.dataset.operations),
    }));

    // What is searched: everything that the account shows, read while nobody waits.
    const read = (row) => (row.text ??= row.item.textContent.toLowerCase());
    const idle = globalThis.requestIdleCallback || ((work) => setTimeout(() => work({ timeRemaining: () => 8 }), 50));
    let next = 0;
    const readAhead = (deadline) => {
      while (next < rows.length && deadline.timeRemaining() > 1) read(rows[next++]);
      if (next < rows.length) idle(readAhead);
    };
    idle(readAhead);

    const search = byId("search");
    const stage = byId("stage");
    const step = byId("step");
    const review = byId("review");
    const count = byId("shown");
    const whole = count.textContent;
    const number = new Intl.NumberFormat("en");

    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      let shown = 0;
      for (const row of rows) {
        const keep =
          (!stage.value || row.stages.includes(stage.value)) &&
          (!step.value || row.step === step.value) &&
          (!review.checked || row.reviews > 0) &&
          words.every((word) => read(row).includes(word));
        if (row.item.hidden === keep) row.item.hidden = !keep;
        if (keep) shown += 1;
      }
      count.textContent = shown === rows.length ? whole : `${number.format(shown)} of ${whole}`;
    };

    // Letters by their places in the alphabet, numbers inside names by their size.
    const names = new Intl.Collator("en", { numeric: true });
    const orders = {
      given: () => 0,
      name: (a, b) => names.compare(a.name, b.name),
      step: (a, b) => names.compare(a.step, b.step),
      due: (a, b) => (a.due < b.due ? -1 : Number(a.due > b.due)),
      reviews: (a, b) => b.reviews - a.reviews,
      operations: (a, b) => b.operations - a.operations,
    };
    const sort = () => {
      const order = orders[byId("sort").value];
      const sorted = [...rows].sort((a, b) => order(a, b) || a.order - b.order);
      const whole = document.createDocumentFragment();
      for (const row of sorted) whole.append(row.item);
      list.append(whole);
    };

    const fold = (open) => {
      for (const row of rows) if (!row.item.hidden) row.item.firstElementChild.open = open;
    };

    for (const control of [stage, step, review]) control.addEventListener("change", filter);
    search.addEventListener("input", filter);
    byId("sort").addEventListener("change", sort);
    byId("unfold").addEventListener("click", () => fold(true));
    byId("fold").addEventListener("click", () => fold(false));
    byId("controls").hidden = false;
    // A browser that comes back to the page fills the controls in again.
    addEventListener("pageshow", () => {
      filter();
      if (byId("sort").value !== "given") sort();
    });
  }
})();
