"""What lies over a page is closed first: the menu of pages on a phone; what Escape takes away."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Open
from tests.browser.waiting import painted, until

PHONE = (
    "Mozilla/5.0 (Linux; Android 14; Pixel 8) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/129.0.0.0 Mobile Safari/537.36"
)


def left_of_menu(page: Page) -> float:
    box = page.get_by_test_id("stSidebar").bounding_box()
    return 0.0 if box is None else box["x"]


@pytest.mark.parametrize("agent", [PHONE, None], ids=["phone", "narrow window"])
def test_the_first_tap_on_a_page_closes_the_menu(open_page: Open, agent: str | None) -> None:
    options = {"has_touch": True, "is_mobile": True} | ({"user_agent": agent} if agent else {})
    page = open_page("/", width=390, **options)
    until(page, lambda: page.locator("[data-testid=stSidebarNavLink]").count() > 0)
    for name, address in (("Digits", "/digits"), ("Home", "/"), ("Digits", "/digits")):
        page.get_by_test_id("stExpandSidebarButton").first.tap()
        until(page, lambda: left_of_menu(page) >= 0)
        page.get_by_test_id("stSidebarNavLink").filter(has_text=name).tap()
        page.wait_for_url(lambda url, path=address: url.partition("?")[0].endswith(path))
        until(page, lambda: left_of_menu(page) < 0)
        page.wait_for_timeout(600)  # it does not come back
        assert left_of_menu(page) < 0
        page.locator(".theatre[data-ready]").wait_for()


def test_escape_closes_what_is_on_top(open_page: Open) -> None:
    page = open_page("/digits?units=5&span=3-6")
    theatre, menu = page.locator(".theatre"), page.locator(".theatre .menu")
    theatre.locator(".stage").focus()
    page.keyboard.press("p")
    expect(theatre).to_have_attribute("data-presenter", "true")
    theatre.locator("button.view").click()
    expect(menu).to_be_visible()

    def there() -> tuple[bool, bool, bool, bool]:
        painted(page)
        return (
            menu.is_visible(),
            theatre.get_attribute("data-presenter") == "true",
            page.locator(".theatre .dock").is_visible(),
            "pinned" in page.locator(".theatre .unit-name").inner_text(),
        )

    for wanted in (
        (True, True, True, True),
        (False, True, True, True),
        (False, False, True, True),
        (False, False, False, True),
        (False, False, False, False),
    ):
        until(page, there, wanted)
        page.keyboard.press("Escape")
