// Small comforts over pages that work without them. No framework; every part is bound to a data attribute and is
// documented in docs/parts.md. What is exchanged by htmx is prepared again on htmx:load.
(function () {
  "use strict";

  var root = document.documentElement;
  var words = JSON.parse((document.getElementById("portal-words") || { textContent: "{}" }).textContent);

  function say(key, values) {
    return String(words[key] || key).replace(/%\((\w+)\)[sd]/g, function (_all, name) { return values ? values[name] : ""; });
  }
  function all(where, selector) {
    var found = Array.from(where.querySelectorAll(selector));
    return where.matches && where.matches(selector) ? [where].concat(found) : found;
  }
  function make(tag, css, text) {
    var node = document.createElement(tag);
    if (css) node.className = css;
    if (text) node.textContent = text;
    return node;
  }
  function cookie(name) {
    var found = new RegExp("(?:^|; )" + name + "=([^;]*)").exec(document.cookie);
    return found ? found[1] : "";
  }
  function csrf() {
    var headers = JSON.parse(document.body.getAttribute("hx-headers") || "{}");
    return headers["X-CSRFToken"] || cookie("csrf");
  }

  // ── Theme ────────────────────────────────────────────────────────────────────────────────────
  var darkSystem = window.matchMedia("(prefers-color-scheme: dark)");
  function showTheme() {
    var choice = root.dataset.theme;
    root.dataset.bsTheme = choice === "dark" || (choice === "auto" && darkSystem.matches) ? "dark" : "light";
    all(document, "[data-theme-set]").forEach(function (button) {
      button.setAttribute("aria-pressed", String(button.dataset.themeSet === choice));
    });
    document.dispatchEvent(new Event("portal:theme"));
  }
  function chooseTheme(choice) {
    root.dataset.theme = choice;
    document.cookie = "theme=" + choice + "; path=/; max-age=31536000; samesite=lax" + (location.protocol === "https:" ? "; secure" : "");
    showTheme();
  }
  darkSystem.addEventListener("change", showTheme);

  window.addEventListener("beforeprint", function () { // paper is white; charts are drawn anew for it
    root.dataset.bsTheme = "light";
    document.dispatchEvent(new Event("portal:theme"));
  });
  window.addEventListener("afterprint", showTheme);

  // ── Clocks that count down ───────────────────────────────────────────────────────────────────
  function span(milliseconds) {
    var minutes = Math.floor(Math.abs(milliseconds) / 60000);
    var days = Math.floor(minutes / 1440), hours = Math.floor((minutes % 1440) / 60);
    minutes = minutes % 60;
    function one(name, count) { return say(count === 1 ? name : name + "s", { count: count }); }
    if (days) return hours ? say("daysHours", { days: days, hours: hours }) : one("day", days);
    if (hours) return minutes ? say("hoursMinutes", { hours: hours, minutes: minutes }) : one("hour", hours);
    return minutes ? one("minute", minutes) : "";
  }
  function tick() {
    if (document.hidden) return;
    all(document, "time[data-due]").forEach(function (node) {
      var rest = Date.parse(node.dateTime) - Date.now() + skew;
      var length = span(rest);
      var text = length ? say(rest >= 0 ? "left" : "overdue", { span: length }) : say(rest >= 0 ? "lastMoment" : "justOverdue");
      if (node.textContent !== text) node.textContent = text;
      if (rest < 0) {
        if (node.classList.contains("left")) { node.classList.remove("left-due"); node.classList.add("left-late"); }
      }
    });
  }
  // The server's clock decides, not the reader's: a page says when it was made, and a wrong clock here is corrected.
  var made = document.querySelector("meta[name=portal-now]");
  var skew = 0;
  if (made) {
    skew = Date.now() - Date.parse(made.content);
    if (Math.abs(skew) < 90000) skew = 0; // the time the page took on its way
  }

  // ── Asking once ──────────────────────────────────────────────────────────────────────────────
  function ask(question, go, label, danger) {
    var dialog = make("dialog", "ask");
    var title = make("h2", "", say("ask")), text = make("p", "", question), buttons = make("div", "actions");
    var no = make("button", "btn", say("no")), yes = make("button", "btn " + (danger ? "btn-danger" : "btn-primary"), label || say("yes"));
    title.id = "ask-title"; text.id = "ask-text";
    dialog.setAttribute("aria-labelledby", title.id); dialog.setAttribute("aria-describedby", text.id);
    no.type = yes.type = "button";
    buttons.append(no, yes); dialog.append(title, text, buttons); document.body.append(dialog);
    no.addEventListener("click", function () { dialog.close(); });
    yes.addEventListener("click", function () { dialog.close(); go(); });
    dialog.addEventListener("close", function () { dialog.remove(); });
    dialog.showModal();
    no.focus();
  }
  function questionOf(form, button) {
    return (button && button.dataset.confirm) || form.dataset.confirm;
  }
  var agreed = new WeakSet();
  document.addEventListener("submit", function (event) {
    var form = event.target, button = event.submitter, question = questionOf(form, button);
    if (question && !agreed.has(form)) {
      event.preventDefault();
      event.stopImmediatePropagation();
      var label = button && button.textContent.trim();
      ask(question, function () { agreed.add(form); form.requestSubmit(button || undefined); }, label, button && button.classList.contains("btn-danger"));
      return;
    }
    agreed.delete(form);
    guard(event, form, button);
  }, true);

  // ── Sending once ─────────────────────────────────────────────────────────────────────────────
  function guard(event, form, button) {
    if (form.method !== "post") return;
    if (form.dataset.sending) { event.preventDefault(); event.stopImmediatePropagation(); return; }
    form.dataset.sending = "yes";
    // after this event, else the button's own name=value would be missing from what is sent
    setTimeout(function () {
      if (event.defaultPrevented && !form.matches("[hx-post], [data-hx-post]")) { delete form.dataset.sending; return; }
      all(form, "button[type=submit], button:not([type])").forEach(function (one) { one.disabled = true; });
      if (button) button.setAttribute("aria-busy", "true");
    }, 0);
  }
  function release(form) {
    delete form.dataset.sending;
    all(form, "button[type=submit], button:not([type])").forEach(function (one) { one.disabled = false; one.removeAttribute("aria-busy"); });
  }
  window.addEventListener("pageshow", function (event) {
    if (event.persisted) all(document, "form[data-sending]").forEach(release);
  });
  document.addEventListener("htmx:afterRequest", function (event) {
    var form = event.detail.elt.closest && event.detail.elt.closest("form[data-sending]");
    if (form) release(form);
  });

  // ── What htmx cannot say by itself ───────────────────────────────────────────────────────────
  function tell(text, tone) {
    var box = document.getElementById("messages");
    if (!box) return;
    var note = make("div", "note note-" + (tone || "late"));
    note.setAttribute("role", "alert");
    var shut = make("button", "note-close", "×");
    shut.type = "button"; shut.dataset.dismiss = ""; shut.setAttribute("aria-label", say("close"));
    note.append(make("div", "note-words", text), shut);
    box.append(note);
    note.scrollIntoView({ block: "nearest" });
  }
  document.addEventListener("htmx:beforeRequest", function (event) {
    if (document.hidden && event.detail.elt.hasAttribute("data-poll")) event.preventDefault();
  });
  document.addEventListener("htmx:responseError", function (event) {
    if (event.detail.elt.hasAttribute("data-poll")) return;
    var answer = new DOMParser().parseFromString(event.detail.xhr.responseText || "", "text/html").querySelector("[data-reason]");
    tell((answer && answer.textContent.trim()) || say("failed"));
  });
  document.addEventListener("htmx:sendError", function (event) {
    if (!event.detail.elt.hasAttribute("data-poll")) tell(say("failed"));
  });
  document.addEventListener("htmx:beforeSwap", function (event) {
    // signed out meanwhile: the answer is the sign-in page, which is no fragment. A poll waits for the reader's next step.
    var asked = event.detail.pathInfo && event.detail.pathInfo.requestPath, came = event.detail.xhr.responseURL;
    if (!came || !asked || new URL(came).pathname === new URL(asked, location.href).pathname) return;
    if (!/^\s*<!doctype/i.test(event.detail.xhr.responseText) || event.detail.elt.hasAttribute("hx-select")) return;
    event.detail.shouldSwap = false;
    if (!event.detail.elt.hasAttribute("data-poll")) location.assign(came);
  });

  // ── Drafts ───────────────────────────────────────────────────────────────────────────────────
  function prepareDraft(form) {
    var state = form.querySelector("[data-draft-state]"), timer = 0, last = "", busy = false;
    function show(key, values) { if (state) state.textContent = say(key, values); }
    function save() {
      timer = 0;
      var data = new FormData(form);
      all(form, "input[type=file], input[type=password]").forEach(function (one) { data.delete(one.name); });
      var body = new URLSearchParams(data), text = body.toString();
      if (text === last || form.dataset.sending) return;
      if (busy) { timer = setTimeout(save, 1500); return; }
      busy = true;
      show("saving");
      fetch(form.dataset.draft, { method: "POST", body: body, headers: { "X-CSRFToken": csrf(), "HX-Request": "true" }, credentials: "same-origin", redirect: "error" })
        .then(function (answer) {
          if (!answer.ok) throw new Error(String(answer.status));
          last = text;
          var now = new Date();
          show("saved", { time: String(now.getHours()).padStart(2, "0") + ":" + String(now.getMinutes()).padStart(2, "0") });
        })
        .catch(function () { show("unsaved"); })
        .finally(function () { busy = false; });
    }
    function soon() { clearTimeout(timer); timer = setTimeout(save, 1500); }
    form.addEventListener("input", soon);
    form.addEventListener("change", soon);
  }

  // ── Finding a unit by typing ─────────────────────────────────────────────────────────────────
  // <select data-typeahead[="url"]>: its options are filtered, or asked of the address (JSON {results: [{id, text, hint}]}).
  // <input data-typeahead="url" data-typeahead-id="field">: free text, the chosen id goes to the named field.
  var combos = 0;
  function prepareTypeahead(field) {
    if (field.closest(".combo")) return;
    var select = field.tagName === "SELECT" ? field : null, url = field.dataset.typeahead;
    var holder = make("div", "combo"), list = make("ul", "combo-list"), input = field, timer = 0, serial = 0, shown = [], at = -1;
    field.before(holder);
    if (select) {
      input = make("input", "form-control" + (select.classList.contains("is-invalid") ? " is-invalid" : ""));
      input.type = "text"; input.id = select.id; select.id += "_value"; input.required = select.required;
      input.placeholder = select.dataset.placeholder || (select.options[0] && !select.options[0].value ? select.options[0].text : "");
      ["aria-describedby", "aria-invalid"].forEach(function (name) { if (select.hasAttribute(name)) input.setAttribute(name, select.getAttribute(name)); });
      input.value = select.value ? select.options[select.selectedIndex].text : "";
      select.hidden = true; select.required = false; select.tabIndex = -1;
    }
    list.id = "combo-" + ++combos; list.hidden = true; list.setAttribute("role", "listbox");
    var label = input.labels && input.labels[0];
    if (label) list.setAttribute("aria-label", label.textContent.replace("*", "").trim());
    input.setAttribute("role", "combobox"); input.setAttribute("aria-autocomplete", "list"); input.setAttribute("aria-expanded", "false"); input.setAttribute("aria-controls", list.id);
    input.autocomplete = "off";
    holder.append(field);
    if (select) holder.append(input);
    holder.append(list);
    var target = !select && field.dataset.typeaheadId ? field.form.elements[field.dataset.typeaheadId] : null;

    function close() { list.hidden = true; input.setAttribute("aria-expanded", "false"); input.removeAttribute("aria-activedescendant"); at = -1; }
    function mark(index) {
      at = index;
      Array.from(list.children).forEach(function (item, i) { item.setAttribute("aria-selected", String(i === at)); });
      if (at < 0) { input.removeAttribute("aria-activedescendant"); return; }
      input.setAttribute("aria-activedescendant", list.children[at].id);
      list.children[at].scrollIntoView({ block: "nearest" });
    }
    function choose(one) {
      input.value = one.text;
      if (select) {
        if (!Array.from(select.options).some(function (option) { return option.value === String(one.id); })) select.add(new Option(one.text, one.id));
        select.value = one.id;
        select.dispatchEvent(new Event("change", { bubbles: true }));
      }
      if (target) { target.value = one.id; target.dispatchEvent(new Event("change", { bubbles: true })); }
      close();
    }
    function show(results) {
      shown = results.slice(0, 30);
      list.replaceChildren();
      shown.forEach(function (one, index) {
        var item = make("li", "", one.text);
        item.id = list.id + "-" + index; item.setAttribute("role", "option"); item.setAttribute("aria-selected", "false");
        if (one.hint) item.append(make("small", "", one.hint));
        item.addEventListener("mousedown", function (event) { event.preventDefault(); choose(one); });
        list.append(item);
      });
      if (!shown.length) {
        var none = make("li", "none", say("nothing"));
        none.setAttribute("role", "option"); none.setAttribute("aria-disabled", "true"); none.setAttribute("aria-selected", "false");
        list.append(none);
      }
      list.hidden = false; input.setAttribute("aria-expanded", "true"); at = -1;
    }
    function local(text) {
      return Array.from(select.options).filter(function (option) {
        return option.value && (option.text + " " + (option.dataset.key || "")).toLowerCase().includes(text);
      }).map(function (option) { return { id: option.value, text: option.text, hint: option.dataset.hint || "" }; });
    }
    function find() {
      var text = input.value.trim().toLowerCase();
      if (select && !url) { show(local(text)); return; }
      if (!text) { close(); return; }
      var mine = ++serial;
      fetch(url + (url.includes("?") ? "&" : "?") + "q=" + encodeURIComponent(text), { headers: { Accept: "application/json" }, credentials: "same-origin" })
        .then(function (answer) { return answer.ok ? answer.json() : { results: [] }; })
        .then(function (data) { if (mine === serial && document.activeElement === input) show(data.results || []); })
        .catch(close);
    }
    input.addEventListener("input", function () {
      if (select) select.value = "";
      if (target) target.value = "";
      clearTimeout(timer);
      timer = setTimeout(find, select && !url ? 0 : 180);
    });
    input.addEventListener("focus", function () { if (select && !url) { input.select(); show(local("")); } });
    input.addEventListener("blur", function () {
      close();
      if (!select) return;
      if (input.value.trim() === "") return;
      if (!select.value) { // typed in full: take it; else say nothing was chosen by emptying it
        var same = Array.from(select.options).find(function (option) { return option.value && option.text === input.value.trim(); });
        if (same) choose({ id: same.value, text: same.text }); else input.value = "";
      } else input.value = select.options[select.selectedIndex].text;
    });
    input.addEventListener("keydown", function (event) {
      if (event.key === "ArrowDown" || event.key === "ArrowUp") {
        event.preventDefault();
        if (list.hidden) { find(); return; }
        if (shown.length) mark((at + (event.key === "ArrowDown" ? 1 : -1) + shown.length) % shown.length);
      } else if (event.key === "Enter" && !list.hidden && shown.length && (at >= 0 || shown.length === 1)) {
        event.preventDefault(); choose(shown[Math.max(at, 0)]);
      } else if (event.key === "Escape" && !list.hidden) { event.stopPropagation(); close(); }
    });
  }

  // ── Charts ───────────────────────────────────────────────────────────────────────────────────
  var drawn = [], library = null;
  function echartsReady() {
    library = library || new Promise(function (resolve, reject) {
      var script = make("script");
      script.src = document.body.dataset.echarts; script.onload = resolve; script.onerror = reject;
      document.head.append(script);
    });
    return library;
  }
  function token(name) { return getComputedStyle(root).getPropertyValue(name).trim(); }
  var toneOrder = ["hand", "done", "due", "late", "wait"];
  function options(data) {
    var ink = token("--ink"), soft = token("--soft"), line = token("--line"), unit = data.unit || "", bars = data.kind !== "line", stacked = data.kind === "stack";
    var many = data.series.length > 1;
    var names = { type: "category", data: data.labels, boundaryGap: bars, axisTick: { show: false }, axisLine: { lineStyle: { color: line } }, axisLabel: { color: soft, hideOverlap: true } };
    var values = { type: "value", min: data.min === null ? undefined : data.min, max: data.max === null ? undefined : data.max, splitNumber: 4, interval: data.min !== null && data.max !== null ? (data.max - data.min) / 4 : undefined, axisLabel: { color: soft, formatter: "{value}" + unit }, splitLine: { lineStyle: { color: line } } };
    return {
      aria: { enabled: true, label: { description: data.title } },
      animation: !window.matchMedia("(prefers-reduced-motion: reduce)").matches, animationDuration: 300,
      textStyle: { fontFamily: getComputedStyle(document.body).fontFamily, color: ink },
      grid: { left: 4, right: 14, top: many ? 34 : 12, bottom: 4, containLabel: true },
      legend: many ? { top: 0, left: 0, icon: "roundRect", itemWidth: 12, itemHeight: 8, textStyle: { color: soft } } : undefined,
      tooltip: { trigger: "axis", renderMode: "richText", confine: true, backgroundColor: token("--surface"), borderColor: line, textStyle: { color: ink, fontSize: 13 }, axisPointer: { type: bars ? "shadow" : "line", lineStyle: { color: token("--edge") } }, valueFormatter: function (value) { return value === null || value === undefined ? "–" : value + unit; } },
      xAxis: data.horizontal ? values : names,
      yAxis: data.horizontal ? Object.assign({ inverse: true }, names) : values,
      series: data.series.map(function (one, index) {
        var color = token("--" + (one.tone || toneOrder[index % toneOrder.length]) + "-mark");
        var first = { name: one.name, data: one.data, itemStyle: { color: color } };
        if (!bars) return Object.assign(first, { type: "line", symbol: "circle", symbolSize: 6, showSymbol: data.labels.length < 32, lineStyle: { width: 2, color: color, type: index ? "dashed" : "solid" }, areaStyle: many ? undefined : { color: color, opacity: 0.09 }, connectNulls: false });
        return Object.assign(first, { type: "bar", stack: stacked ? "all" : undefined, barMaxWidth: 22, itemStyle: { color: color, borderRadius: stacked ? 0 : data.horizontal ? [0, 3, 3, 0] : [3, 3, 0, 0] } });
      })
    };
  }
  function prepareChart(node) {
    var source = document.getElementById(node.dataset.chart);
    if (!source || node.dataset.drawn) return;
    node.dataset.drawn = "yes";
    echartsReady().then(function () {
      var chart = window.echarts.init(node, null, { renderer: "canvas" });
      drawn.push({ node: node, chart: chart, data: JSON.parse(source.textContent) });
      chart.setOption(options(drawn[drawn.length - 1].data));
      new ResizeObserver(function () { chart.resize(); }).observe(node);
    }, function () { node.hidden = true; });
  }
  document.addEventListener("portal:theme", function () {
    drawn = drawn.filter(function (one) { if (one.node.isConnected) return true; one.chart.dispose(); return false; });
    drawn.forEach(function (one) { one.chart.setOption(options(one.data), true); });
  });

  // ── Files chosen ─────────────────────────────────────────────────────────────────────────────
  function size(bytes) {
    return bytes < 1048576 ? Math.max(1, Math.round(bytes / 1024)) + " KB" : (bytes / 1048576).toFixed(1) + " MB";
  }
  function prepareFiles(input) {
    var list = make("ul", "chosen"), most = Number(input.dataset.maxBytes || 0);
    list.setAttribute("aria-live", "polite");
    input.after(list);
    input.addEventListener("change", function () {
      list.replaceChildren();
      var files = Array.from(input.files), tooLarge = "";
      files.forEach(function (file) {
        var bad = most && file.size > most;
        if (bad) tooLarge = say("tooLarge", { name: file.name, size: size(most) });
        if (files.length > 1 || bad) list.append(make("li", bad ? "bad" : "", file.name + " · " + size(file.size)));
      });
      input.setCustomValidity(tooLarge);
      if (tooLarge) list.append(make("li", "bad", tooLarge));
    });
  }

  // ── Formatted text ───────────────────────────────────────────────────────────────────────────
  function prepareEditor(field) { // the editor is large: fetched where one stands on the page; it looks after later ones itself
    if (root.dataset.editor) return;
    root.dataset.editor = "asked";
    var script = make("script");
    script.type = "module"; script.src = field.dataset.editor;
    script.onerror = function () { root.dataset.editor = "failed"; };
    document.head.append(script);
  }

  // ── Small ones ───────────────────────────────────────────────────────────────────────────────
  function prepareSecret(input) {
    if (input.closest(".secret")) return;
    var holder = make("div", "secret"), button = make("button", "", say("show"));
    button.type = "button"; button.setAttribute("aria-controls", input.id); button.setAttribute("aria-pressed", "false");
    input.before(holder); holder.append(input, button);
    button.addEventListener("click", function () {
      var hidden = input.type === "password";
      input.type = hidden ? "text" : "password";
      button.textContent = say(hidden ? "hide" : "show"); button.setAttribute("aria-pressed", String(hidden));
    });
  }
  function prepareChecks(master) {
    var form = master.closest("form") || document;
    function boxes() { return all(form, "input[type=checkbox][name='" + master.dataset.checkAll + "']:not(:disabled)"); }
    function follow() {
      var list = boxes(), on = list.filter(function (one) { return one.checked; }).length;
      master.checked = on > 0 && on === list.length; master.indeterminate = on > 0 && on < list.length;
      all(form, "[data-checked-count]").forEach(function (one) { one.textContent = on; });
      all(form, "[data-needs-checked]").forEach(function (one) { one.disabled = on === 0; });
    }
    master.addEventListener("change", function () { boxes().forEach(function (one) { one.checked = master.checked; }); follow(); });
    form.addEventListener("change", function (event) { if (event.target !== master) follow(); });
    follow();
  }
  function prepareShowIf(node) { // <div data-show-if="field=value1,value2">: seen only while the field has one of the values
    var rule = node.dataset.showIf.split("="), form = node.closest("form"), wanted = rule[1].split(",");
    function follow() {
      var value = new FormData(form).getAll(rule[0]), seen = value.some(function (one) { return wanted.includes(one); });
      node.hidden = !seen;
    }
    form.addEventListener("change", follow);
    follow();
  }

  document.addEventListener("click", function (event) {
    var target = event.target.closest ? event.target : event.target.parentElement, hit;
    if ((hit = target.closest("[data-dismiss]"))) hit.closest(".note").remove();
    if ((hit = target.closest("[data-theme-set]"))) chooseTheme(hit.dataset.themeSet);
    if ((hit = target.closest("[data-theme-toggle]"))) chooseTheme(root.dataset.bsTheme === "dark" ? "light" : "dark");
    if ((hit = target.closest("[data-print]"))) window.print();
    if ((hit = target.closest("[data-copy]"))) {
      var button = hit, text = button.dataset.copy || document.querySelector(button.dataset.copyFrom).textContent.trim();
      navigator.clipboard.writeText(text).then(function () {
        var before = button.getAttribute("aria-label") || button.textContent;
        tell(say("copied"), "done");
        button.setAttribute("aria-label", before);
      });
    }
    if ((hit = target.closest("a[href='#closed'], .rail a")) && location.hash === "#nav") {
      if (hit.getAttribute("href") === "#closed") { event.preventDefault(); history.back(); }
    }
    all(document, "details.menu[open]").forEach(function (menu) { if (!menu.contains(target)) menu.open = false; });
  });
  document.addEventListener("keydown", function (event) {
    if (event.key === "Escape") {
      all(document, "details.menu[open]").forEach(function (menu) { menu.open = false; menu.querySelector("summary").focus(); });
      if (location.hash === "#nav") history.back();
    }
    var typing = /^(INPUT|TEXTAREA|SELECT)$/.test(document.activeElement.tagName) || document.activeElement.isContentEditable;
    if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      var find = document.getElementById("find");
      if (find) { event.preventDefault(); find.focus(); find.select(); }
    }
  });
  window.addEventListener("hashchange", function () {
    var close = document.querySelector(".rail-close");
    if (location.hash === "#nav" && close) close.focus();
    else if (document.activeElement && document.activeElement.closest(".rail")) { var menu = document.querySelector(".top-menu"); if (menu) menu.focus(); }
  });

  function prepare(where) {
    all(where, "form[data-draft]").forEach(prepareDraft);
    all(where, "[data-typeahead]").forEach(prepareTypeahead);
    all(where, "[data-chart]").forEach(prepareChart);
    all(where, "input[type=file]").forEach(prepareFiles);
    all(where, "textarea[data-editor]").forEach(prepareEditor);
    all(where, "input[type=password]").forEach(prepareSecret);
    all(where, "[data-check-all]").forEach(prepareChecks);
    all(where, "[data-show-if]").forEach(prepareShowIf);
    all(where, "[data-focus]").slice(0, 1).forEach(function (node) { node.focus(); });
    if (window.matchMedia("(max-width: 46rem)").matches) all(where, "details[data-fold-on-phone]").forEach(function (node) { node.open = false; });
    tick();
  }
  prepare(document.body);
  showTheme();
  document.addEventListener("htmx:load", function (event) { if (event.detail.elt !== document.body) prepare(event.detail.elt); });
  setInterval(tick, 15000);
  document.addEventListener("visibilitychange", tick);
})();
