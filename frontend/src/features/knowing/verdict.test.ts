import { expect, it } from "vitest";
import { told, verdictOf } from "./verdict";

const check = (method: string, result: string) => ({ method, result, domain: "", reason: "" });

it("believes DMARC alone of what is seen", () => {
  expect(verdictOf([check("dmarc", "pass"), check("spf", "fail")])).toBe("proven");
  expect(verdictOf([check("dmarc", "fail"), check("spf", "pass")])).toBe("failed");
  expect(verdictOf([check("dmarc", "none"), check("dkim", "pass")])).toBe("unproven");
  expect(verdictOf([])).toBe("unproven");
});

it("tells what decides first, and nothing that nobody knows", () => {
  expect(told([check("iprev", "pass"), check("spf", "pass"), check("dmarc", "pass")]).map((one) => one.method)).toEqual(["dmarc", "spf"]);
  expect(told([check("dkim", "pass"), check("dkim", "pass"), check("arc", "none"), check("dkim", "fail")]).map((one) => one.result)).toEqual(["pass", "fail"]);
});
