import { expect, it } from "vitest";
import { pieces } from "./snippet_text";

it("is text in pieces, every other one marked", () => {
  expect(pieces("Do you like <mark>ketchup</mark>?")).toEqual(["Do you like ", "ketchup", "?"]);
  expect(pieces("<mark>a</mark> &lt;b&gt; &amp;amp; &#39;")).toEqual(["", "a", " <b> &amp; '"]);
  expect(pieces("nothing")).toBeNull();
  expect(pieces(null)).toBeNull();
});
