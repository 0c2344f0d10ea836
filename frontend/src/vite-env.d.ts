/// <reference types="vite/client" />
// Of the types that browsers have and TypeScript's library has not.
interface TrustedHTML {
  toString(): string;
}
