// The live view: lines as they come, what is kept of them, moving among them, saving them.
import { byId } from "./dom.js";
import { Filters } from "./filters.js";
import { plain } from "./happenings.js";
import { row } from "./row.js";

const MOST = 20000; // happenings that are kept here
const MOST_ROWS = 1000; // of those that are drawn
const PAUSE = 80; // ms between two drawings, or thrice what one takes: what comes meanwhile is drawn in one go
const NEAR = 40; // pixels from the end that count as the end

export class Live {
  constructor() {
    this.kept = [];
    this.waiting = [];
    this.fresh = []; // to be drawn with the next drawing
    this.drawing = 0;
    this.pausing = PAUSE;
    this.current = null; // the line that Tab reaches
    this.paused = false;
    this.domains = [];
    this.list = byId("lines");
    this.filters = new Filters(() => this.redraw());
    this.press("pause", (on) => this.pause(on));
    this.press("lanes", (on) => this.side(on));
    byId("clear").addEventListener("click", () => this.clear());
    byId("newest").addEventListener("click", () => this.toEnd());
    byId("export-text").addEventListener("click", () => save("postroom-lab.txt", "text/plain", `${this.shown().map(plain).join("\n")}\n`));
    byId("export-json").addEventListener("click", () => save("postroom-lab.json", "application/json", JSON.stringify(this.shown(), null, 1)));
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("focusin", (event) => this.enter(event.target.closest("button.line")));
    this.list.addEventListener("scroll", () => this.look(), { passive: true });
  }

  press(id, done) {
    const button = byId(id);
    button.addEventListener("click", () => {
      const on = button.getAttribute("aria-pressed") !== "true";
      button.setAttribute("aria-pressed", String(on));
      done(on);
    });
  }

  servers(domains) {
    this.domains = domains;
    this.filters.servers(domains);
    this.redraw();
  }

  came(happenings) {
    if (this.paused) {
      this.waiting.push(...happenings);
      if (this.waiting.length > MOST) this.waiting.splice(0, this.waiting.length - MOST);
    } else {
      this.kept.push(...happenings);
      if (this.kept.length > MOST) this.kept.splice(0, this.kept.length - MOST);
      for (const one of happenings) if (this.filters.fits(one)) this.fresh.push(one);
    }
    this.soon();
  }

  soon() {
    this.drawing ||= setTimeout(() => {
      this.drawing = 0;
      const began = performance.now();
      this.draw(this.fresh.splice(0));
      this.tell();
      this.pausing = Math.max(PAUSE, 3 * (performance.now() - began));
    }, this.pausing);
  }

  pause(on) {
    this.draw(this.fresh.splice(0)); // what has come already: nothing moves once it is paused
    this.paused = on;
    byId("pause").textContent = on ? "Go on" : "Pause";
    if (!on) this.came(this.waiting.splice(0));
    this.tell();
  }

  side(on) {
    this.list.classList.toggle("lanes", on);
    this.toEnd();
  }

  clear() {
    this.kept = [];
    this.waiting = [];
    this.redraw();
  }

  shown() {
    return this.kept.filter((one) => this.filters.fits(one));
  }

  redraw() {
    const at = document.activeElement.closest("#lines li")?.dataset.seq;
    this.list.replaceChildren();
    this.current = null;
    this.fresh = [];
    this.draw(this.shown());
    this.toEnd();
    if (at) (this.list.querySelector(`li[data-seq="${at}"] button.line`) ?? this.current)?.focus();
    this.tell();
  }

  draw(happenings) {
    if (!happenings.length) return;
    const within = this.list.contains(document.activeElement);
    const following = this.atEnd();
    const rows = happenings.slice(-MOST_ROWS).map((one) => row(one, this.domains.indexOf(one.server)));
    for (let over = this.list.childElementCount + rows.length - MOST_ROWS; over > 0 && this.list.firstElementChild; over--) this.list.firstElementChild.remove();
    this.list.append(...rows);
    if (!this.current?.isConnected) this.enter(this.list.querySelector("button.line"));
    if (within && !this.list.contains(document.activeElement)) this.current.focus({ preventScroll: true }); // its line was the oldest, and has gone
    if (following) this.toEnd();
    this.look();
  }

  atEnd() {
    return this.list.scrollHeight - this.list.scrollTop - this.list.clientHeight < NEAR;
  }

  toEnd() {
    this.list.scrollTop = this.list.scrollHeight;
    this.look();
  }

  look() {
    byId("newest").hidden = this.atEnd();
  }

  tell() {
    const shown = this.list.childElementCount;
    byId("nothing").hidden = shown > 0;
    byId("nothing").textContent = this.kept.length ? "Nothing fits what is chosen above." : "Nothing has happened yet. Send a mail above, and watch.";
    const lines = shown === MOST_ROWS ? `the newest ${shown} lines` : shown === 1 ? "1 line" : `${shown} lines`;
    byId("state").textContent = this.paused ? `${lines}; paused, ${this.waiting.length} more have come` : lines;
  }

  // Among the lines one moves with the arrow keys; one of them is reached by Tab.
  enter(button) {
    if (!button) return;
    this.current?.setAttribute("tabindex", "-1");
    this.current = button;
    button.setAttribute("tabindex", "0");
  }

  key(event) {
    const line = event.target.closest("li");
    if (!line || event.altKey || event.ctrlKey || event.metaKey) return;
    const to = {
      ArrowDown: line.nextElementSibling, ArrowUp: line.previousElementSibling, Home: this.list.firstElementChild, End: this.list.lastElementChild,
    }[event.key];
    if (to) {
      event.preventDefault();
      to.querySelector("button.line").focus();
    } else if (event.key === "o" && event.target.matches("button.line")) {
      const one = this.kept.find((found) => String(found.seq) === line.dataset.seq);
      if (one?.connection) this.filters.only(one.connection);
    }
  }
}

function save(name, type, text) {
  const url = URL.createObjectURL(new Blob([text], { type }));
  const link = document.createElement("a");
  link.href = url;
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 1000);
}
