// The editor of formatted text over a <textarea data-editor> (channelportal/core/editor.py). The textarea keeps the value: every
// change is written back to it with an input event, so drafts, checks and the form itself need to know nothing of an editor.
// portal.js loads this module where such a field stands; the engine (ProseMirror by Tiptap) comes from django-prose-editor.
// What may be in a text is decided by channelportal/lib/rich.py on the server; here the same is offered.

const PICTURE = /^\/notices\/pictures\/[0-9a-f-]{36}\/$/;
const editors = new Set();
const shortcut = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘" : "Ctrl+";
let serial = 0;

function make(tag, attributes, ...children) {
  const node = document.createElement(tag);
  for (const [name, value] of Object.entries(attributes || {})) {
    if (value === true) node.setAttribute(name, "");
    else if (value !== false && value !== undefined && value !== null) node.setAttribute(name, value);
  }
  node.append(...children);
  return node;
}

function drawing(icons, name) {
  const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg"), use = document.createElementNS("http://www.w3.org/2000/svg", "use");
  svg.setAttribute("class", "icon"); svg.setAttribute("aria-hidden", "true"); svg.setAttribute("focusable", "false");
  use.setAttribute("href", icons + "#" + name);
  svg.append(use);
  return svg;
}

// ── What is pasted ─────────────────────────────────────────────────────────────────────────────
// Word, WPS and Excel write lists as paragraphs with a mark in front, headings by their outline level, and pictures on the
// author's own disk. Headings, lists, tables and marks are kept; the engine drops whatever it does not know.

const STAYS_TEXT = /^[(（]|^[一二三四五六七八九十]+|^[a-z]{2,}|^[a-z][.、)）]/i; // "（1）", "一、", "a)": a list would number otherwise
const NUMBER = /^\d+[.、)）]?$/;

function rename(node, tag) {
  const other = node.ownerDocument.createElement(tag);
  other.setAttribute("data-style", styleOf(node));
  other.append(...node.childNodes);
  node.replaceWith(other);
}

function styleOf(node) { // under this name, see fromOffice
  return node.getAttribute("data-style") || "";
}

function listLevel(node) {
  const found = /mso-list:\s*\S+\s+level(\d+)/i.exec(styleOf(node));
  return found ? Number(found[1]) : 0;
}

function readMark(node) { // the mark in front of an item of Word's, taken out if a list will make its own
  const mark = Array.from(node.querySelectorAll("span")).find((one) => /mso-list:\s*ignore/i.test(styleOf(one)));
  if (!mark) return "bullet";
  const text = mark.textContent.replace(/\s/g, "");
  if (STAYS_TEXT.test(text)) { mark.textContent = text; return ""; }
  mark.remove();
  return NUMBER.test(text) ? "number" : "bullet";
}

function makeLists(doc) {
  let open = []; // [{level, list}] of the run of items we are in
  let before = null;
  for (const node of Array.from(doc.querySelectorAll("p, h1, h2, h3, h4, h5, h6"))) {
    const level = listLevel(node), heading = node.tagName !== "P", kind = level && !heading ? readMark(node) : "";
    if (!kind) { if (level && heading) readMark(node); open = []; before = null; continue; }
    if (!before || before !== node.previousElementSibling) open = [];
    while (open.length && open[open.length - 1].level > level) open.pop();
    let last = open[open.length - 1];
    if (!last || last.level < level || last.kind !== kind) {
      const list = doc.createElement(kind === "number" ? "ol" : "ul");
      if (last && last.level < level && last.list.lastElementChild) last.list.lastElementChild.append(list);
      else { node.before(list); if (last) open.pop(); }
      last = { level, list, kind };
      open.push(last);
    }
    const item = doc.createElement("li"), line = doc.createElement("p");
    line.append(...node.childNodes);
    item.append(line);
    last.list.append(item);
    node.remove();
    before = open[0].list;
  }
}

const LOOKS = [[/font-weight:\s*(bold|[6-9]\d\d)/i, "strong"], [/font-style:\s*italic/i, "em"], [/text-decoration[^;]*:[^;]*underline/i, "u"], [/text-decoration[^;]*:[^;]*line-through/i, "s"]];

function marksOf(doc) { // bold and the like that are only looks become marks
  doc.body.querySelectorAll("b, strong").forEach((node) => { if (/font-weight:\s*normal/i.test(styleOf(node))) rename(node, "span"); });
  doc.body.querySelectorAll("span[data-style], font[data-style]").forEach((node) => {
    for (const [look, tag] of LOOKS) {
      if (!look.test(styleOf(node))) continue;
      const mark = doc.createElement(tag);
      mark.append(...node.childNodes);
      node.append(mark);
    }
  });
}

function headingsOf(doc) {
  doc.body.querySelectorAll("p").forEach((node) => {
    const outline = /mso-outline-level:\s*(\d)/i.exec(styleOf(node)), named = /^(?:Mso)?(?:Title|Heading(\d))$/i.exec(node.className);
    const level = outline ? Number(outline[1]) : named ? Number(named[1] || 1) : 0;
    if (level && level < 7) rename(node, "h" + level);
  });
  const lower = doc.body.querySelector("h1") ? 1 : 0; // the page's own title is the first
  doc.body.querySelectorAll("h1, h2, h3, h4, h5, h6").forEach((node) => rename(node, "h" + Math.min(4, Number(node.tagName[1]) + lower)));
}

function fromOffice(html, leftOut) {
  // styles and handlers under another name: the policy refuses them even in a document that nobody sees
  const source = html.replace(/<style[\s\S]*?<\/style>/gi, "").replace(/<[a-z][^<>]*>/gi, (tag) => tag.replace(/(\s)(style|on\w+)(?=\s*=)/gi, "$1data-$2"));
  const doc = new DOMParser().parseFromString(source, "text/html");
  headingsOf(doc);
  makeLists(doc);
  marksOf(doc);
  let lost = 0;
  doc.body.querySelectorAll("img, v\\:imagedata").forEach((node) => {
    if (PICTURE.test(node.getAttribute("src") || "")) return;
    node.remove(); lost += 1;
  });
  if (lost) leftOut(lost);
  return doc.body.innerHTML;
}

function asMarkup(text) { // what was typed where there was no editor
  if (/<\/?[a-z][^<>]*>/i.test(text)) return text;
  const box = document.createElement("div");
  text.split(/\n\s*\n/).filter((part) => part.trim()).forEach((part) => {
    const line = make("p");
    part.split("\n").forEach((one, index) => { if (index) line.append(make("br")); line.append(one); });
    box.append(line);
  });
  return box.innerHTML;
}

function linkAddress(raw) {
  let address = raw.trim();
  if (/^[^\s@/:]+@[^\s@/:]+\.[^\s@/:]+$/.test(address)) address = "mailto:" + address;
  else if (/^(www\.|[\w-]+(\.[\w-]+)*\.(com|cn|net|org)(\/|$))/i.test(address)) address = "https://" + address;
  return /^(https?:\/\/[^\s/@\\][^\s\\]*|mailto:[^\s@:/]+@[^\s@:/]+|\/(?![/\\])[^\s\\]*)$/i.test(address) ? address : "";
}

function describing(name) { // a file's name as a first description, unless a camera or a screen shot gave it
  const stem = name.replace(/\.\w+$/, "");
  return /^(image|img|dsc|pxl|screen|screenshot|picture|photo|mmexport|wx|qq|微信|截图|屏幕)/i.test(stem) || /^[\d\s_.-]+$/.test(stem) ? "" : stem;
}

// A photo from a phone is ten times what a page shows: it is sent smaller, and without the place it was taken at.
const LARGE = 1.5 * 1024 * 1024, LONGEST_SIDE = 2000;

async function smaller(file) {
  if (file.size <= LARGE || file.type !== "image/jpeg" || !window.createImageBitmap) return file;
  try {
    const picture = await createImageBitmap(file), share = Math.min(1, LONGEST_SIDE / Math.max(picture.width, picture.height));
    const canvas = make("canvas", { width: Math.round(picture.width * share), height: Math.round(picture.height * share) });
    canvas.getContext("2d").drawImage(picture, 0, 0, canvas.width, canvas.height);
    const blob = await new Promise((done) => canvas.toBlob(done, "image/jpeg", 0.85));
    return blob && blob.size < file.size ? blob : file;
  } catch { return file; } // what the browser cannot read, the server may
}

// ── One editor ─────────────────────────────────────────────────────────────────────────────────

class Field {
  constructor(area, engine) {
    this.area = area; this.engine = engine; this.words = JSON.parse(area.dataset.editorWords); this.sending = 0; this.leaving = false;
    this.pictures = area.dataset.pictureUrl || "";
    this.id = area.id || "editor-" + ++serial;
    this.frame = make("div", { class: "editor" + (area.classList.contains("is-invalid") ? " is-invalid" : "") });
    this.bar = make("div", { class: "editor-bar", role: "toolbar", "aria-label": this.words.toolbar, "aria-controls": this.id });
    this.near = make("div", { class: "editor-near", role: "toolbar", hidden: true, "aria-controls": this.id });
    this.place = make("div", { class: "editor-text rich" });
    this.state = make("p", { class: "editor-state", role: "status" });
    this.frame.append(this.bar, this.near, this.place, this.state);
    area.before(this.frame);
    this.start();
    this.fillBar();
    this.hideArea();
    this.show();
  }

  say(key, values) {
    return this.words[key].replace(/%\((\w+)\)[sd]/g, (_all, name) => values[name]).replace(/%%/g, "%");
  }

  tell(text, bad) {
    this.state.textContent = text;
    this.state.classList.toggle("bad", Boolean(bad));
  }

  start() {
    const e = this.engine, self = this, label = this.area.labels && this.area.labels[0];
    if (label && !label.id) label.id = this.id + "-label";
    const attributes = { id: this.id, role: "textbox", "aria-multiline": "true", "aria-description": this.words.leave };
    if (label) attributes["aria-labelledby"] = label.id;
    for (const name of ["aria-describedby", "aria-invalid"]) if (this.area.hasAttribute(name)) attributes[name] = this.area.getAttribute(name);
    this.editor = new e.Editor({
      element: this.place,
      injectCSS: false, // a style sheet in the page: the policy forbids it, and rich.css has it
      editable: !this.area.disabled && !this.area.readOnly,
      content: asMarkup(this.area.value),
      extensions: [
        e.Document, e.Paragraph, e.Text, e.Bold, e.Italic, e.Underline, e.Strike, e.Code, e.Heading.configure({ levels: [2, 3, 4] }),
        e.BulletList, e.OrderedList, e.ListItem, e.Blockquote, e.HorizontalRule, e.HardBreak, e.History, e.Dropcursor, e.Gapcursor, e.NoSpellCheck,
        e.Table.configure({ resizable: false }), e.TableRow, e.TableHeader, e.TableCell,
        e.Image.extend({ parseHTML: () => [{ tag: "img[src^='/notices/pictures/']" }] }).configure({ inline: true }),
        e.Link.extend({ addKeyboardShortcuts: () => ({ "Mod-k": () => { self.askLink(); return true; } }) }).configure({ openOnClick: false, isAllowedUri: (address) => Boolean(linkAddress(address)) }),
      ],
      editorProps: {
        attributes,
        transformPastedHTML: (html) => fromOffice(html, () => this.tell(this.words.picturesLeft)),
        handlePaste: (_view, event) => this.takeFiles(event.clipboardData, event),
        handleDrop: (view, event, _slice, moved) => {
          if (moved) return false;
          const at = view.posAtCoords({ left: event.clientX, top: event.clientY });
          return this.takeFiles(event.dataTransfer, event, at && at.pos);
        },
        handleDOMEvents: { keydown: (_view, event) => this.key(event) },
      },
      onUpdate: () => this.write(),
      onTransaction: () => this.show(),
    });
    if (label) label.addEventListener("click", () => this.editor.commands.focus());
  }

  hideArea() { // the visible text takes the id, so that the label and the list of errors lead to it
    this.area.id = this.id + "-source";
    this.area.hidden = true;
    this.area.tabIndex = -1;
    const form = this.area.form;
    if (!form) return;
    form.addEventListener("submit", (event) => { // before htmx's own, and before the guard against sending twice has closed the form
      if (!this.sending) return;
      event.preventDefault(); event.stopImmediatePropagation();
      this.tell(this.words.waitPictures, true);
      setTimeout(() => {
        delete form.dataset.sending;
        form.querySelectorAll("button[aria-busy], button:disabled").forEach((button) => { button.disabled = false; button.removeAttribute("aria-busy"); });
      }, 50);
    }, true);
    form.addEventListener("reset", () => setTimeout(() => this.editor.commands.setContent(asMarkup(this.area.value)), 0));
  }

  write() {
    this.area.value = this.editor.isEmpty ? "" : this.editor.getHTML();
    this.area.dispatchEvent(new Event("input", { bubbles: true }));
  }

  // Tab moves within lists and tables, so there must be another way out by keyboard
  key(event) {
    if (event.key === "Escape") { this.leaving = true; return false; }
    if (event.altKey && event.key === "F10") { event.preventDefault(); this.bar.querySelector("[tabindex='0']").focus(); return true; }
    const out = this.leaving && event.key === "Tab";
    if (event.key !== "Shift") this.leaving = false;
    return out; // the engine leaves the key alone, and the browser goes on
  }

  // ── Toolbar
  run(change) { change(this.editor.chain().focus()).run(); }

  fillBar() {
    const button = (name, icon, change, options = {}) => this.button(this.bar, name, icon, () => this.run(change), options);
    const gap = () => this.bar.append(make("span", { class: "editor-gap" }));
    this.buttons = [];
    this.fillStyles();
    gap();
    button("bold", "bold", (c) => c.toggleBold(), { active: "bold", keys: "B" });
    button("italic", "italic", (c) => c.toggleItalic(), { active: "italic", keys: "I" });
    button("underline", "underline", (c) => c.toggleUnderline(), { active: "underline", keys: "U" });
    button("strike", "strike", (c) => c.toggleStrike(), { active: "strike" });
    gap();
    button("bullets", "list-bullets", (c) => c.toggleBulletList(), { active: "bulletList" });
    button("numbers", "list-numbers", (c) => c.toggleOrderedList(), { active: "orderedList" });
    button("outdent", "outdent", (c) => c.liftListItem("listItem"), { can: (can) => can.liftListItem("listItem") });
    button("indent", "indent", (c) => c.sinkListItem("listItem"), { can: (can) => can.sinkListItem("listItem") });
    button("quote", "quote", (c) => c.toggleBlockquote(), { active: "blockquote" });
    gap();
    this.button(this.bar, "link", "link", () => this.askLink(), { active: "link", keys: "K" });
    this.button(this.bar, "table", "table", () => this.askTable(), { can: () => !this.editor.isActive("table") });
    if (this.pictures) this.button(this.bar, "picture", "photo", () => this.choosePictures(), {});
    button("rule", "divider", (c) => c.setHorizontalRule());
    gap();
    button("clear", "clear-formatting", (c) => c.unsetAllMarks().clearNodes());
    button("undo", "undo", (c) => c.undo(), { can: (can) => can.undo(), keys: "Z" });
    button("redo", "redo", (c) => c.redo(), { can: (can) => can.redo(), keys: "Y" });
    this.rove(this.bar);
    this.rove(this.near);
  }

  button(bar, name, icon, act, { active, can, keys } = {}) {
    const words = this.words[name], node = make("button", { type: "button", class: "editor-button", title: keys ? `${words} (${shortcut}${keys})` : words });
    node.setAttribute("aria-label", words);
    if (active) node.setAttribute("aria-pressed", "false");
    if (icon) node.append(drawing(this.area.dataset.editorIcons, icon)); else node.append(words);
    node.addEventListener("mousedown", (event) => event.preventDefault()); // the selection in the text stays
    node.addEventListener("click", () => { if (node.getAttribute("aria-disabled") !== "true") act(); });
    bar.append(node);
    this.buttons.push({ node, active, can });
  }

  fillStyles() {
    this.styles = make("select", { class: "editor-styles", "aria-label": this.words.style, title: this.words.style });
    for (const [value, key] of [["0", "text"], ["2", "heading2"], ["3", "heading3"], ["4", "heading4"]]) this.styles.append(new Option(this.words[key], value));
    this.styles.addEventListener("change", () => {
      const level = Number(this.styles.value);
      this.run((c) => (level ? c.setHeading({ level }) : c.setParagraph()));
    });
    this.bar.append(this.styles);
  }

  rove(bar) { // one stop for Tab; arrows go from button to button
    const stops = () => Array.from(bar.querySelectorAll("button, select"));
    stops().forEach((node, index) => { node.tabIndex = index ? -1 : 0; });
    bar.addEventListener("focusin", (event) => stops().forEach((node) => { node.tabIndex = node === event.target ? 0 : -1; }));
    bar.addEventListener("keydown", (event) => {
      if (event.key === "Escape") { event.preventDefault(); this.editor.commands.focus(); return; }
      const all = stops(), step = { ArrowRight: 1, ArrowLeft: -1 }[event.key], end = { Home: 0, End: all.length - 1 }[event.key];
      if (step === undefined && end === undefined) return;
      event.preventDefault();
      all[end === undefined ? (all.indexOf(document.activeElement) + step + all.length) % all.length : end].focus();
    });
  }

  show() {
    if (!this.buttons || !this.editor) return;
    const editor = this.editor, level = [2, 3, 4].find((one) => editor.isActive("heading", { level: one }));
    this.styles.value = String(level || 0);
    for (const one of this.buttons) {
      if (one.active) one.node.setAttribute("aria-pressed", String(editor.isActive(one.active)));
      if (one.can) one.node.setAttribute("aria-disabled", String(!one.can(editor.can())));
    }
    this.showNear(editor.isActive("image") ? "picture" : editor.isActive("table") ? "table" : editor.isActive("link") ? "link" : "");
  }

  // What belongs to the table, picture or link one stands in, in words
  showNear(kind) {
    if (this.near.dataset.kind === kind) return;
    this.near.dataset.kind = kind;
    this.near.hidden = !kind;
    this.buttons = this.buttons.filter((one) => one.node.parentNode !== this.near);
    this.near.replaceChildren();
    const words = { table: "inTable", picture: "atPicture", link: "link" }[kind];
    if (!kind) return;
    this.near.setAttribute("aria-label", this.words[words]);
    if (kind !== "link") this.near.append(make("span", { class: "editor-near-words" }, this.words[words]));
    const button = (name, change) => this.button(this.near, name, "", () => this.run(change));
    if (kind === "table") {
      button("rowBelow", (c) => c.addRowAfter());
      button("columnRight", (c) => c.addColumnAfter());
      button("dropRow", (c) => c.deleteRow());
      button("dropColumn", (c) => c.deleteColumn());
      button("headRow", (c) => c.toggleHeaderRow());
      button("merge", (c) => c.mergeOrSplit());
      button("dropTable", (c) => c.deleteTable());
    } else if (kind === "picture") {
      this.button(this.near, "describe", "", () => this.askAlt());
      button("dropPicture", (c) => c.deleteSelection());
    } else {
      button("unlink", (c) => c.extendMarkRange("link").unsetLink());
    }
    Array.from(this.near.querySelectorAll("button")).forEach((node, index) => { node.tabIndex = index ? -1 : 0; });
  }

  // ── Questions
  ask(title, fields, done) { // fields: [{name, label, hint, value, type, check}]
    const dialog = make("dialog", { class: "ask editor-ask", "aria-labelledby": this.id + "-ask" }), form = make("form", { method: "dialog", novalidate: true });
    const inputs = {};
    form.append(make("h2", { id: this.id + "-ask" }, title));
    for (const one of fields) {
      const tick = one.type === "checkbox", id = this.id + "-ask-" + one.name;
      const input = make("input", { id, type: one.type || "text", class: tick ? "form-check-input" : "form-control", min: one.min, max: one.max, autocomplete: "off" });
      if (tick) input.checked = one.value; else input.value = one.value;
      const label = make("label", { for: id, class: tick ? "form-check-label" : "form-label" }, one.label);
      const problem = make("p", { class: "editor-problem", role: "alert" });
      form.append(make("div", { class: tick ? "form-check" : "editor-ask-field" }, ...(tick ? [input, label] : [label, input]), problem));
      if (one.hint) { const hint = make("p", { class: "form-text", id: id + "-hint" }, one.hint); input.setAttribute("aria-describedby", hint.id); input.after(hint); }
      inputs[one.name] = { input, problem, one };
    }
    const no = make("button", { type: "button", class: "btn" }, this.words.cancel), yes = make("button", { type: "submit", class: "btn btn-primary" }, this.words.ok);
    form.append(make("div", { class: "actions" }, no, yes));
    dialog.append(form);
    document.body.append(dialog); // outside the page's own form: a form in a form is none
    no.addEventListener("click", () => dialog.close());
    dialog.addEventListener("close", () => { dialog.remove(); this.editor.commands.focus(); });
    form.addEventListener("submit", (event) => {
      event.preventDefault(); event.stopPropagation();
      const values = {};
      let good = true;
      for (const [name, { input, problem, one }] of Object.entries(inputs)) {
        values[name] = one.type === "checkbox" ? input.checked : input.value.trim();
        const wrong = one.check ? one.check(values[name]) : "";
        problem.textContent = wrong;
        input.setAttribute("aria-invalid", String(Boolean(wrong)));
        if (wrong && good) { input.focus(); good = false; }
      }
      if (!good) return;
      dialog.close();
      done(values);
    });
    dialog.showModal();
    form.querySelector("input").focus();
    form.querySelector("input").select();
  }

  askLink() {
    const editor = this.editor, active = editor.isActive("link"), bare = editor.state.selection.empty && !active;
    const fields = [{ name: "href", label: this.words.linkTitle, hint: this.words.linkHint, value: active ? editor.getAttributes("link").href : "", check: (value) => (linkAddress(value) ? "" : this.words.linkBad) }];
    if (bare) fields.push({ name: "text", label: this.words.linkText, value: "" });
    this.ask(this.words.link, fields, ({ href, text }) => {
      const address = linkAddress(href), mark = { type: "link", attrs: { href: address } };
      if (bare) this.run((c) => c.insertContent({ type: "text", text: text || href, marks: [mark] }).unsetMark("link"));
      else this.run((c) => c.extendMarkRange("link").setLink({ href: address }));
    });
  }

  askTable() {
    const many = (most) => (value) => (Number(value) >= 1 && Number(value) <= most ? "" : `1–${most}`);
    this.ask(this.words.tableTitle, [
      { name: "rows", label: this.words.rows, type: "number", min: 1, max: 50, value: 3, check: many(50) },
      { name: "cols", label: this.words.columns, type: "number", min: 1, max: 12, value: 3, check: many(12) },
      { name: "head", label: this.words.withHead, type: "checkbox", value: true },
    ], ({ rows, cols, head }) => this.run((c) => c.insertTable({ rows: Number(rows), cols: Number(cols), withHeaderRow: head })));
  }

  askAlt() {
    const at = this.editor.state.selection.from, alt = this.editor.getAttributes("image").alt || "";
    this.ask(this.words.pictureTitle, [{ name: "alt", label: this.words.describe, hint: this.words.pictureHint, value: alt }], (values) => {
      this.run((c) => c.setNodeSelection(at).updateAttributes("image", { alt: values.alt }));
    });
  }

  // ── Pictures
  choosePictures() {
    const input = make("input", { type: "file", accept: "image/png,image/jpeg", multiple: true });
    input.addEventListener("change", () => this.sendAll(Array.from(input.files)));
    input.click();
  }

  takeFiles(data, event, at) {
    const files = Array.from((data && data.files) || []);
    const html = data && data.getData("text/html");
    if (!files.length || (html && /<(table|p|span|div|td)\b/i.test(html))) return false; // Excel adds a picture of its cells
    event.preventDefault();
    if (this.pictures) this.sendAll(files, at);
    return true;
  }

  sendAll(files, at) {
    if (at !== undefined && at !== null) this.editor.commands.setTextSelection(at);
    files.reduce((before, file) => before.then(() => this.send(file)), Promise.resolve());
  }

  async send(file) {
    const name = file.name || "picture.png";
    if (!/^image\//.test(file.type)) { this.tell(this.say("noPicture", { name }), true); return; }
    this.sending += 1;
    this.tell(this.say("sending", { name, percent: 0 }));
    const { status, answer } = await this.post(name, await smaller(file));
    this.sending -= 1;
    if (status >= 200 && status < 300 && PICTURE.test(answer.url || "")) {
      this.run((c) => c.insertContent({ type: "image", attrs: { src: answer.url, alt: describing(name) } }));
      this.tell(this.say("sent", { name }));
    } else this.tell(answer.error || this.say("sendFailed", { name }), true);
  }

  post(name, blob) { // XMLHttpRequest and not fetch: it says how far it is
    return new Promise((done) => {
      const request = new XMLHttpRequest(), body = new FormData(), token = this.area.form && this.area.form.querySelector("[name=csrfmiddlewaretoken]");
      body.append("file", blob, name);
      request.open("POST", this.pictures);
      request.setRequestHeader("Accept", "application/json");
      if (token) request.setRequestHeader("X-CSRFToken", token.value);
      request.upload.addEventListener("progress", (event) => {
        if (event.lengthComputable) this.tell(this.say("sending", { name, percent: Math.round((100 * event.loaded) / event.total) }));
      });
      request.addEventListener("loadend", () => {
        let answer = {};
        try { answer = JSON.parse(request.responseText); } catch { /* a page that says no, not JSON */ }
        done({ status: request.status, answer });
      });
      request.send(body);
    });
  }
}

// ── On the page ────────────────────────────────────────────────────────────────────────────────

function prepare(where) {
  for (const one of editors) if (!one.frame.isConnected) { one.editor.destroy(); editors.delete(one); }
  const areas = Array.from(where.querySelectorAll("textarea[data-editor]")).concat(where.matches("textarea[data-editor]") ? [where] : []);
  for (const area of areas) {
    if (area.dataset.editorOn) continue;
    area.dataset.editorOn = "loading";
    import(area.dataset.editorEngine).then((engine) => {
      editors.add(new Field(area, engine));
      area.dataset.editorOn = "ready";
    }).catch((problem) => { // the text field goes on as one
      area.dataset.editorOn = "failed";
      console.error(problem);
    });
  }
}

prepare(document.body);
document.addEventListener("htmx:load", (event) => prepare(event.detail.elt));
