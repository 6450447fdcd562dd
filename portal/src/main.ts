import { mount } from "svelte";
import App from "./app.svelte";
import "./ui/tokens.css";
import "./ui/base.css";
import "./ui/print.css";

const target = document.getElementById("app");
if (!target) throw new Error("The page has no #app element.");
target.replaceChildren();
mount(App, { target });
