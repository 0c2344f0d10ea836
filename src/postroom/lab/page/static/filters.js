// What is shown: by server, protocol, connection and text, with or without the text of messages.
import { byId, make } from "./dom.js";
import { PROTOCOLS, answersOf, familyOf, textOf } from "./happenings.js";

export class Filters {
  constructor(changed) {
    this.changed = changed;
    this.contents = true;
    this.server = byId("by-server");
    this.protocol = byId("by-protocol");
    this.connection = byId("by-connection");
    this.text = byId("by-text");
    this.protocol.append(...PROTOCOLS.map(([value, words]) => make("option", { value }, words)));
    this.protocol.value = "mail";
    for (const one of [this.server, this.protocol]) one.addEventListener("change", changed);
    for (const one of [this.connection, this.text]) one.addEventListener("input", changed);
    const button = byId("contents");
    button.addEventListener("click", () => {
      this.contents = !this.contents;
      button.setAttribute("aria-pressed", String(this.contents));
      changed();
    });
  }

  servers(domains) {
    const known = new Set([...this.server.options].map((one) => one.value));
    this.server.append(...domains.filter((one) => !known.has(one)).map((value) => make("option", { value }, value)));
  }

  only(connection) {
    const value = String(connection);
    this.connection.value = this.connection.value === value ? "" : value;
    this.changed();
  }

  fits(one) {
    if (!this.contents && one.content) return false;
    if (this.server.value && one.server !== this.server.value) return false;
    if (!this.ofProtocol(familyOf(one))) return false;
    const connection = this.connection.value.trim();
    if (connection && String(one.connection ?? "") !== connection) return false;
    const wanted = this.text.value.trim().toLowerCase();
    return !wanted || `${textOf(one)} ${one.kind === "dns" ? answersOf(one) : ""} ${one.means ?? ""}`.toLowerCase().includes(wanted);
  }

  ofProtocol(family) {
    const wanted = this.protocol.value;
    return !wanted || wanted === family || (wanted === "mail" && family !== "web");
  }
}
