import { expect, it } from "vitest";
import { kindOf } from "./kinds";

const kind = (type: string, name = "") => kindOf({ type, name });

it("shows what is harmless", () => {
  expect(kind("image/png")).toBe("image");
  expect(kind("Application/PDF")).toBe("pdf");
  expect(kind("message/rfc822")).toBe("message");
  expect(kind("text/calendar")).toBe("calendar");
  expect(kind("application/ics")).toBe("calendar");
  expect(kind("text/html")).toBe("text");
  expect(kind("application/octet-stream", "a.PDF")).toBe("pdf");
});

it("shows nothing that would be run", () => {
  expect(kind("image/svg+xml")).toBe(null);
  expect(kind("application/x-shockwave-flash", "a.txt")).toBe(null);
  expect(kind("application/octet-stream", "a.svg")).toBe(null);
  expect(kind("application/zip")).toBe(null);
});
