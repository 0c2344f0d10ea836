import { expect, it } from "vitest";
import { deceptive } from "./deceptive";

it("finds links that say another host than they lead to", () => {
  expect(deceptive("https://bank.example/login", "https://evil.test/x")).toEqual({ shown: "bank.example", real: "evil.test" });
  expect(deceptive("www.bank.example", "http://bank.example.evil.test/")).toEqual({ shown: "www.bank.example", real: "bank.example.evil.test" });
  expect(deceptive("bank.co.uk", "https://other.co.uk/")).toEqual({ shown: "bank.co.uk", real: "other.co.uk" });
  expect(deceptive("\u200bhttps://www.ba\u00adnk.ex\u2060ample", "https://evil.test/")).toEqual({ shown: "www.bank.example", real: "evil.test" });
});

it("leaves honest links alone", () => {
  expect(deceptive("www.bank.example", "https://click.bank.example/1")).toBe(null);
  expect(deceptive("bücher.example", "https://xn--bcher-kva.example/")).toBe(null);
  expect(deceptive("www.dhl.de", "https://mail.dhl.de/1")).toBe(null);
  expect(deceptive("www.ibm.com", "https://ibm.com/")).toBe(null);
  expect(deceptive("click here", "https://evil.test/")).toBe(null);
  expect(deceptive("e.g. this", "https://evil.test/")).toBe(null);
  expect(deceptive("bank.example", "mailto:x@evil.test")).toBe(null);
});
