// The beginning of everything: the page, and the question who is signed in.
import { render } from "preact";
import "./styles/index.css";
import { App } from "./views/App";
import { look } from "./state/session";
import "./state/theme";

const root = document.getElementById("app");
if (root) render(<App />, root);
void look();
