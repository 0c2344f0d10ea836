// Elements, without any text ever becoming markup.

// make("a", { href: "/" }, "text", child): attributes; `class`, `on…` listeners, properties of booleans.
export function make(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), value);
    else if (typeof value === "boolean") made.toggleAttribute(key, value);
    else made.setAttribute(key, value);
  }
  made.append(...children.filter((child) => child !== null));
  return made;
}

export const byId = (id) => document.getElementById(id);

// A button that says for a moment that it has done its work.
export function copyButton(label, text) {
  const button = make("button", { type: "button", class: "copy", "aria-label": label }, "Copy");
  button.addEventListener("click", () => void copy(button, text));
  return button;
}

export async function copy(button, text) {
  const before = button.textContent;
  try {
    await navigator.clipboard.writeText(typeof text === "function" ? text() : text);
    button.textContent = "Copied";
  } catch {
    button.textContent = "Not allowed";
  }
  setTimeout(() => { button.textContent = before; }, 1500);
}

// A request of our own page: the header is what no form of another site can send.
export async function post(path, what) {
  const answer = await fetch(path, {
    method: "POST", headers: { "X-Postroom": "1", "Content-Type": "application/json" }, body: JSON.stringify(what),
  });
  if (!answer.ok) throw new Error((await answer.text()).trim());
  return await answer.json();
}

export const ask = (operation, given = {}) => post(`/page/ask/${operation}`, given);
