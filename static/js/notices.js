// Writing and approving notices: names become boxes, a kind fills in what it usually asks for, a click on a paragraph opens its
// remark. Without this file names are typed in full, and every remark has its own heading to open.
(function () {
  "use strict";

  // ── Names found by typing (the list itself is portal.js's) ───────────────────────────────────
  function box(name, id, text) {
    var label = document.createElement("label"), input = document.createElement("input"), words = document.createElement("span");
    label.className = "tick picked-one";
    input.type = "checkbox"; input.name = name; input.value = id; input.checked = true;
    words.textContent = text;
    label.append(input, words);
    return label;
  }
  function preparePick(holder) {
    var field = holder.querySelector("input[type=text]"), found = holder.querySelector("input[type=hidden]"), list = holder.querySelector("[data-picked]");
    found.addEventListener("change", function () {
      var id = found.value, text = field.value;
      if (!id) return;
      if (!list.querySelector("input[value='" + CSS.escape(id) + "']")) list.append(box(holder.dataset.pickName, id, text));
      found.value = ""; field.value = "";
      field.focus();
    });
    list.addEventListener("change", function (event) {
      if (!event.target.checked) setTimeout(function () { event.target.closest("label").remove(); field.focus(); }, 0);
    });
  }
  function preparePicks(where) { where.querySelectorAll("[data-pick-name]").forEach(preparePick); }
  preparePicks(document);
  document.addEventListener("htmx:load", function (event) { if (event.detail.elt !== document.body) preparePicks(event.detail.elt); });

  // ── What a kind usually asks for ─────────────────────────────────────────────────────────────
  var facts = document.getElementById("kind-facts"), form = document.querySelector("form.writing"), touched = {};
  if (facts && form) {
    var kinds = JSON.parse(facts.textContent), fields = form.elements;
    form.addEventListener("change", function (event) {
      if (event.isTrusted && event.target.name) touched[event.target.name] = true;
      if (event.target.name !== "kind") return;
      var usual = kinds[event.target.value];
      if (!usual) return;
      if (!touched.acknowledge) fields.acknowledge.checked = usual.acknowledge;
      if (!touched.acknowledge_days) fields.acknowledge_days.value = usual.days;
      if (!touched.valid_until) fields.valid_until.value = usual.until;
      form.dispatchEvent(new Event("change"));
    });
  }

  // ── A remark at a place ──────────────────────────────────────────────────────────────────────
  document.addEventListener("click", function (event) {
    var words = event.target.closest && event.target.closest("[data-place]");
    if (!words || event.target.closest("a") || String(window.getSelection())) return;
    var remark = words.parentElement.querySelector("details");
    if (!remark) return;
    remark.open = !remark.open;
    if (remark.open) remark.querySelector("textarea").focus();
  });
})();
