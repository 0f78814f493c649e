// Calling a meeting and recording it: rows that grow, reasons asked for when they are needed, everybody present by one click.
// Without this file the rows stand there empty, a button brings more, and the reasons always have their fields.
(function () {
  "use strict";

  function all(where, what) { return Array.prototype.slice.call(where.querySelectorAll(what)); }
  function filled(row) {
    return Boolean(row.querySelector(".is-invalid")) || all(row, "input:not([type=hidden]), select, textarea").some(function (one) { return one.value; }) ||
      all(row, "input[name$='-keep']").some(function (one) { return one.value; });
  }

  // ── Rows ─────────────────────────────────────────────────────────────────────────────────────
  function prepareRows(holder) {
    var total = holder.querySelector("input[name='" + holder.dataset.rows + "-TOTAL_FORMS']"), model = holder.querySelector("template");
    function rows() { return all(holder, "[data-row]"); }
    rows().forEach(function (row, index) { row.hidden = index > 0 && !filled(row); });
    function add() {
      var row = rows().filter(function (one) { return one.hidden; })[0];
      if (!row) {
        var made = document.createElement("div");
        made.append(model.content.cloneNode(true));
        all(made, "[id], [name], [for], [aria-describedby]").forEach(function (node) {
          ["id", "name", "for", "aria-describedby"].forEach(function (name) {
            if (node.hasAttribute(name)) node.setAttribute(name, node.getAttribute(name).replace("__prefix__", total.value));
          });
        });
        row = made.querySelector("[data-row]");
        holder.insertBefore(row, model);
        total.value = String(Number(total.value) + 1);
        if (window.htmx) window.htmx.process(row);
      }
      row.hidden = false;
      row.querySelector("input:not([type=hidden])").focus();
    }
    holder.addEventListener("click", function (event) {
      if (event.target.closest("[data-row-add]")) { event.preventDefault(); add(); }
      if (event.target.closest("[data-row-clear]")) {
        var row = event.target.closest("[data-row]");
        all(row, "input, select, textarea").forEach(function (one) { one.value = ""; });
        row.hidden = true;
        row.dispatchEvent(new Event("change", { bubbles: true }));
        holder.querySelector("[data-row-add]").focus();
      }
    });
  }
  all(document, "[data-rows]").forEach(prepareRows);

  // ── Reasons, where the time asks for them ────────────────────────────────────────────────────
  function follow() {
    var outlook = document.getElementById("outlook");
    if (!outlook) return;
    all(document, "[data-needed]").forEach(function (one) {
      var field = one.querySelector("input");
      one.hidden = !outlook.dataset[one.dataset.needed] && !field.value && !field.classList.contains("is-invalid");
    });
  }
  document.addEventListener("htmx:afterSettle", follow);
  follow();

  // ── Everybody present ────────────────────────────────────────────────────────────────────────
  document.addEventListener("click", function (event) {
    var button = event.target.closest && event.target.closest("[data-all-present]");
    if (!button) return;
    all(button.form, "input[type=radio][value=present]").forEach(function (one) {
      var row = one.closest("[role=radiogroup]"), deputy = row && row.querySelector("input[value=deputy]");
      (deputy || one).checked = true;
    });
  });
})();
