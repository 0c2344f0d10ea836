// The lab's page: what is where, a first mail, and everything that happens.
import { byId, make } from "./dom.js";
import { Live } from "./live.js";
import * as sending from "./send.js";
import * as servers from "./servers.js";
import * as switches from "./switches.js";

const live = new Live();

function listen() {
  const source = new EventSource("/page/events?since=0");
  source.addEventListener("message", (event) => {
    live.came(JSON.parse(event.data));
    switches.changed();
  });
  source.addEventListener("open", () => document.body.classList.remove("cut-off"));
  source.addEventListener("error", () => document.body.classList.add("cut-off"));
}

function largeType() {
  const button = byId("large");
  const show = (on) => {
    document.documentElement.classList.toggle("large", on);
    button.setAttribute("aria-pressed", String(on));
  };
  show(localStorage.getItem("large") === "yes");
  button.addEventListener("click", () => {
    const on = button.getAttribute("aria-pressed") !== "true";
    localStorage.setItem("large", on ? "yes" : "no");
    show(on);
  });
}

async function start() {
  largeType();
  let lab;
  try {
    lab = await (await fetch("/page/lab")).json();
    live.servers(servers.draw(lab));
    sending.start(lab);
  } catch {
    byId("servers").replaceChildren(make("p", { class: "empty" }, "The lab does not answer. Is it still running?"));
    return;
  }
  listen();
  await switches.start(lab);
}

void start();
