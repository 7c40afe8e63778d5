// Closes the menu of pages where it lies over the page, once a page was chosen in it. Streamlit does so on phones, but
// not in a narrow window of another machine, where the menu would stay and hide what was chosen.

const MENUS = new WeakMap();
// Streamlit's own closing takes 300 ms, and a second one would open the menu again.
const CLOSED_AFTER = 400;
const WIDEST = 768;

// The button that closes the menu, or null where no open menu lies over the page.
export function closerOf(page, width) {
  const menu = page.querySelector("[data-testid=stSidebar]");
  if (!menu || width > WIDEST || menu.getBoundingClientRect().left < 0) return null;
  return menu.querySelector("[data-testid=stSidebarCollapseButton] button");
}

class Menu {
  constructor() {
    this.onClick = (event) => {
      if (!event.target.closest?.("[data-testid=stSidebarNavLink]")) return;
      clearTimeout(this.timer);
      this.timer = setTimeout(() => closerOf(document, window.innerWidth)?.click(), CLOSED_AFTER);
    };
    document.addEventListener("click", this.onClick, true);
  }

  // Going to another page may take this down before the menu is closed: what was planned goes on.
  destroy() {
    document.removeEventListener("click", this.onClick, true);
  }
}

export default function mountMenu({ parentElement }) {
  if (!MENUS.has(parentElement)) MENUS.set(parentElement, new Menu());
  return () => {
    MENUS.get(parentElement).destroy();
    MENUS.delete(parentElement);
  };
}
