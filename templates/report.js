// Searches, filters and sorts the accounts of report.html. The page is complete without this script. Its hash is in the
// Content-Security-Policy of the page, so that no other script runs.
//
// Accounts and other folded parts are in noscript elements. For a browser that runs this script, each of them contains one
// text, which is parsed when it is shown. This is the only place where text becomes markup. A browser without scripts
// parses the same bytes, in which every value is escaped.
"use strict";

(() => {
  const byId = (id) => document.getElementById(id);

  // How many accounts are shown at once: browsers are fast with hundreds of accounts, but not with thousands.
  const SOME = 100;

  const fill = (element) => {
    const inert = element.querySelector(":scope > noscript");
    if (!inert) return;
    const content = document.createElement("template");
    content.innerHTML = inert.textContent;
    inert.replaceWith(content.content);
  };
  const open = (fold) => {
    fill(fold);
    fold.open = true;
  };
  // Fill a fold before a click or a key opens it, and also when something else, such as find-in-page, has opened it.
  document.addEventListener("click", (event) => {
    const summary = event.target instanceof Element && event.target.closest("summary");
    if (summary) fill(summary.parentElement);
  });
  document.addEventListener("toggle", (event) => fill(event.target), true);

  const list = byId("account-list");
  const { bring, matching, showAll, showSome } = list
    ? accounts(list)
    : { bring: byId, matching: () => 0, showAll() {}, showSome() {} };

  // A link to an account or entry shows and unfolds it.
  const unfold = () => {
    const [id, kind] = /^#((account|entry)-\d+)$/.exec(location.hash)?.slice(1) || [];
    const target = kind === "account" ? bring(id) : kind && byId(id);
    const fold = target && target.querySelector("details");
    if (!fold) return;
    open(fold);
    target.scrollIntoView();
  };
  addEventListener("hashchange", unfold);

  // For printing, everything is unfolded, unless there is more than a browser can lay out.
  const PRINTABLE = 500;
  let unfolded = null;
  addEventListener("beforeprint", () => {
    const many = matching() + document.querySelectorAll("details.entry").length;
    byId("paper").hidden = many <= PRINTABLE;
    if (many > PRINTABLE) return;
    showAll();
    unfolded = Array.from(document.querySelectorAll("details:not([open])"));
    for (const fold of unfolded) open(fold);
  });
  addEventListener("afterprint", () => {
    byId("paper").hidden = true;
    if (!unfolded) return;
    for (const fold of unfolded) fold.open = false;
    unfolded = null;
    showSome();
  });
  unfold();

  function accounts(list) {
    const rows = Array.from(list.children, (item, order) => ({
      item,
      order,
      text: null,
      name: item.dataset.who,
      step: item.dataset.step,
      stages: item.dataset.stages.split(" "),
      due: item.dataset.due || "9999",
      decisionItems: Number(item.dataset.decisionItems),
      operations: Number(item.dataset.operations),
    }));
    const byAnchor = new Map(rows.map((row) => [row.item.id, row]));

    // The text that is searched: everything that the account shows. It is prepared while the browser is idle.
    const characters = { "&amp;": "&", "&lt;": "<", "&gt;": ">", "&quot;": '"', "&#39;": "'" };
    const plain = (html) => html.replace(/<[^>]*>|&(?:amp|lt|gt|quot|#39);/g, (found) => characters[found] || "");
    const textOf = ({ item }) => {
      const inert = item.querySelector(":scope > noscript");
      return inert ? plain(inert.textContent) : item.textContent;
    };
    const read = (row) => (row.text ??= textOf(row).toLowerCase());
    const idle = globalThis.requestIdleCallback || ((work) => setTimeout(() => work({ timeRemaining: () => 8 }), 50));
    const unread = [...rows];
    const readAhead = (deadline) => {
      while (unread.length && deadline.timeRemaining() > 1) read(unread.pop());
      if (unread.length) idle(readAhead);
    };
    idle(readAhead);

    const search = byId("search");
    const stage = byId("stage");
    const step = byId("step");
    const withItems = byId("with-items");
    const count = byId("shown");
    const whole = count.textContent;
    const number = new Intl.NumberFormat("en");

    let kept = rows;
    let shown = 0;
    let opening = 0;
    const show = (many) => {
      opening += 1;
      shown = Math.min(many, kept.length);
      const items = kept.slice(0, shown).map((row) => row.item);
      for (const item of items) fill(item);
      // Accounts that are not shown are removed from the page: with thousands of hidden ones, browsers take half a minute.
      list.replaceChildren(...items);
      const rest = kept.length - shown;
      byId("rest").hidden = rest === 0;
      byId("more").textContent = `Show ${number.format(Math.min(SOME, rest))} more`;
      byId("all").textContent = `Show all ${number.format(kept.length)}`;
    };

    const filter = () => {
      const words = search.value.toLowerCase().split(/\s+/).filter(Boolean);
      kept = rows.filter(
        (row) =>
          (!stage.value || row.stages.includes(stage.value)) &&
          (!step.value || row.step === step.value) &&
          (!withItems.checked || row.decisionItems > 0) &&
          words.every((word) => read(row).includes(word)),
      );
      show(SOME);
      count.textContent = kept.length === rows.length ? whole : `${number.format(kept.length)} of ${whole}`;
    };

    // Sorts letters by alphabet, and numbers inside names by value.
    const names = new Intl.Collator("en", { numeric: true });
    const orders = {
      given: () => 0,
      name: (a, b) => names.compare(a.name, b.name),
      step: (a, b) => Number(a.step > b.step) - Number(a.step < b.step),
      due: (a, b) => (a.due < b.due ? -1 : Number(a.due > b.due)),
      "decision-items": (a, b) => b.decisionItems - a.decisionItems,
      operations: (a, b) => b.operations - a.operations,
    };
    const sort = () => {
      const order = orders[byId("sort").value];
      rows.sort((a, b) => order(a, b) || a.order - b.order);
      filter();
    };

    // Unfolds some at once and the others frame by frame, because thousands may be shown.
    const unfoldShown = () => {
      const folds = Array.from(list.children, (item) => item.querySelector("details"));
      const turn = ++opening;
      const some = (from) => {
        if (turn !== opening) return;
        for (const fold of folds.slice(from, from + SOME)) open(fold);
        if (from + SOME < folds.length) requestAnimationFrame(() => some(from + SOME));
      };
      some(0);
    };
    const foldAll = () => {
      opening += 1;
      for (const { item } of rows) for (const fold of item.querySelectorAll(":scope > details[open]")) fold.open = false;
    };

    for (const control of [stage, step, withItems]) control.addEventListener("change", filter);
    search.addEventListener("input", filter);
    byId("sort").addEventListener("change", sort);
    byId("unfold").addEventListener("click", unfoldShown);
    byId("fold").addEventListener("click", foldAll);
    byId("more").addEventListener("click", () => {
      const next = shown;
      show(shown + SOME);
      // Keyboard users continue at the first account that was added.
      list.children[next]?.querySelector("summary").focus();
    });
    byId("all").addEventListener("click", () => show(kept.length));
    byId("controls").hidden = false;
    show(SOME);
    // When the user navigates back to the page, the browser restores the controls.
    addEventListener("pageshow", () => {
      if (byId("sort").value !== "given") sort();
      else if (search.value || stage.value || step.value || withItems.checked) filter();
    });

    // Shows an account that is not shown, after those that are.
    const bring = (id) => {
      const row = byAnchor.get(id);
      if (row && !row.item.isConnected) {
        fill(row.item);
        list.append(row.item);
      }
      return row && row.item;
    };
    let before = 0;
    const showAll = () => {
      before = shown;
      show(kept.length);
    };
    return { bring, matching: () => kept.length, showAll, showSome: () => show(before) };
  }
})();
