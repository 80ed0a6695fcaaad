import menu from "../../menu/menu.csv";
import { describe, parseMenu } from "./menu.mjs";

for (const tea of parseMenu(menu)) {
  const item = document.createElement("li");
  item.textContent = describe(tea);
  document.querySelector("ul").append(item);
}
