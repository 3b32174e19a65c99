"""slackblocks: each limit that it has in its table is where the emulator's is, and one more is refused."""

import sys

from slackblocks import _limits as limit

from emulator import Emulator

slack = Emulator(sys.argv[1])


def plain(count):
    return {"type": "plain_text", "text": "a" * count}


def marked(count):
    return {"type": "mrkdwn", "text": "a" * count}


def button(**more):
    return {"type": "button", "text": plain(1)} | more


def option(text=1, value=1, **more):
    return {"text": plain(text), "value": "v" * value} | more


def options(count):
    return [option() | {"value": f"v{number}"} for number in range(count)]


def actions(*elements):
    return {"type": "actions", "elements": list(elements)}


def select(**more):
    return actions({"type": "static_select", "options": options(1)} | more)


def confirm(**more):
    return actions(button(confirm={"title": plain(1), "text": plain(1), "confirm": plain(1), "deny": plain(1)} | more))


def field(**more):
    return {"type": "input", "label": plain(1), "element": {"type": "plain_text_input"}} | more


def text_input(**more):
    return field(element={"type": "plain_text_input"} | more)


def image(**more):
    return {"type": "image", "image_url": "https://example.com/a", "alt_text": "a"} | more


def task(number):
    return {"type": "task_card", "task_id": f"t{number}", "title": "t", "status": "complete"}


def url(count):
    return "https://example.com/".ljust(count, "a")


# The limit, a block with so much of it, and whether it is one of a view.
CASES = [
    (limit.TEXT_MAX_LENGTH, lambda n: {"type": "section", "text": marked(n)}),
    (limit.SECTION_FIELDS_MAX_ITEMS, lambda n: {"type": "section", "fields": [plain(1)] * n}),
    (limit.SECTION_FIELDS_ITEM_MAX_LENGTH, lambda n: {"type": "section", "fields": [plain(n)]}),
    (limit.HEADER_TEXT_MAX_LENGTH, lambda n: {"type": "header", "text": plain(n)}),
    (limit.CONTEXT_ELEMENTS_MAX_ITEMS, lambda n: {"type": "context", "elements": [plain(1)] * n}),
    (limit.ACTIONS_ELEMENTS_MAX_ITEMS, lambda n: actions(*[button(action_id=f"a{k}") for k in range(n)])),
    (limit.BLOCK_ID_MAX_LENGTH, lambda n: {"type": "divider", "block_id": "b" * n}),
    (limit.ACTION_ID_MAX_LENGTH, lambda n: actions(button(action_id="a" * n))),
    (limit.BUTTON_TEXT_MAX_LENGTH, lambda n: actions(button(text=plain(n)))),
    (limit.BUTTON_VALUE_MAX_LENGTH, lambda n: actions(button(value="v" * n))),
    (limit.BUTTON_URL_MAX_LENGTH, lambda n: actions(button(url=url(n)))),
    (limit.BUTTON_ACCESSIBILITY_LABEL_MAX_LENGTH, lambda n: actions(button(accessibility_label="l" * n))),
    (limit.CONFIRMATION_TITLE_MAX_LENGTH, lambda n: confirm(title=plain(n))),
    (limit.CONFIRMATION_TEXT_MAX_LENGTH, lambda n: confirm(text=plain(n))),
    (limit.CONFIRMATION_CONFIRM_MAX_LENGTH, lambda n: confirm(confirm=plain(n))),
    (limit.CONFIRMATION_DENY_MAX_LENGTH, lambda n: confirm(deny=plain(n))),
    (limit.OPTION_TEXT_MAX_LENGTH, lambda n: select(options=[option(text=n)])),
    (limit.OPTION_VALUE_MAX_LENGTH, lambda n: select(options=[option(value=n)])),
    (limit.OPTION_DESCRIPTION_MAX_LENGTH, lambda n: select(options=[option(description=plain(n))])),
    (limit.SELECT_OPTIONS_MAX_ITEMS, lambda n: select(options=options(n))),
    (limit.SELECT_PLACEHOLDER_MAX_LENGTH, lambda n: select(placeholder=plain(n))),
    (limit.OPTION_GROUP_LABEL_MAX_LENGTH,
     lambda n: actions({"type": "static_select", "option_groups": [{"label": plain(n), "options": options(1)}]})),
    (limit.SELECT_OPTION_GROUPS_MAX_ITEMS,
     lambda n: actions({"type": "static_select", "option_groups": [{"label": plain(1), "options": options(1)}] * n})),
    (limit.OVERFLOW_OPTIONS_MAX_ITEMS, lambda n: actions({"type": "overflow", "options": options(n)})),
    (limit.OPTION_URL_MAX_LENGTH, lambda n: actions({"type": "overflow", "options": [option(url=url(n))]})),
    (limit.CHECKBOXES_OPTIONS_MAX_ITEMS, lambda n: actions({"type": "checkboxes", "options": options(n)})),
    (limit.RADIO_BUTTONS_OPTIONS_MAX_ITEMS, lambda n: actions({"type": "radio_buttons", "options": options(n)})),
    (limit.IMAGE_IMAGE_URL_MAX_LENGTH, lambda n: image(image_url=url(n))),
    (limit.IMAGE_ALT_TEXT_MAX_LENGTH, lambda n: image(alt_text="a" * n)),
    (limit.IMAGE_TITLE_MAX_LENGTH, lambda n: image(title=plain(n))),
    (limit.MARKDOWN_TEXT_MAX_LENGTH, lambda n: {"type": "markdown", "text": "a" * n}),
    (limit.PLAN_TASKS_MAX_ITEMS, lambda n: {"type": "plan", "title": "p", "tasks": [task(k) for k in range(n)]}),
    (limit.ALERT_TEXT_MAX_LENGTH, lambda n: {"type": "alert", "text": plain(n)}),
    (limit.CARD_TITLE_MAX_LENGTH, lambda n: {"type": "card", "title": marked(n)}),
    (limit.CARD_BODY_MAX_LENGTH, lambda n: {"type": "card", "body": marked(n)}),
    (limit.CARD_ACTIONS_MAX_ITEMS, lambda n: {"type": "card", "actions": [button(action_id=f"a{k}") for k in range(n)]}),
    (limit.CAROUSEL_ELEMENTS_MAX_ITEMS, lambda n: {"type": "carousel", "elements": [{"type": "card", "body": marked(1)}] * n}),
    (limit.CONTAINER_CHILD_BLOCKS_MAX_ITEMS, lambda n: {"type": "container", "child_blocks": [{"type": "divider"}] * n}),
    (limit.TABLE_ROWS_MAX_ITEMS, lambda n: {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}]] * n}),
    (limit.TABLE_COLUMNS_MAX_ITEMS, lambda n: {"type": "table", "rows": [[{"type": "raw_text", "text": "a"}] * n]}),
    (limit.VIDEO_TITLE_MAX_LENGTH,
     lambda n: {"type": "video", "alt_text": "a", "title": plain(n), "thumbnail_url": url(20), "video_url": url(20)}),
]
INPUTS = [
    (limit.INPUT_LABEL_MAX_LENGTH, lambda n: field(label=plain(n))),
    (limit.INPUT_HINT_MAX_LENGTH, lambda n: field(hint=plain(n))),
    (limit.PLAIN_TEXT_INPUT_MIN_LENGTH_MAX, lambda n: text_input(min_length=n)),
    (limit.PLAIN_TEXT_INPUT_MAX_LENGTH_MAX, lambda n: text_input(max_length=n)),
    (limit.PLAIN_TEXT_INPUT_PLACEHOLDER_MAX_LENGTH, lambda n: text_input(placeholder=plain(n))),
    (limit.FILE_INPUT_MAX_FILES_MAX, lambda n: field(element={"type": "file_input", "max_files": n})),
    (limit.RICH_TEXT_INPUT_MAX_LINES_MAX, lambda n: field(element={"type": "rich_text_input", "max_lines": n})),
]
VIEWS = [
    (limit.VIEW_TITLE_MAX_LENGTH, lambda n: {"title": plain(n)}),
    (limit.VIEW_SUBMIT_MAX_LENGTH, lambda n: {"submit": plain(n)}),
    (limit.VIEW_CLOSE_MAX_LENGTH, lambda n: {"close": plain(n)}),
    (limit.VIEW_PRIVATE_METADATA_MAX_LENGTH, lambda n: {"private_metadata": "m" * n}),
    (limit.VIEW_CALLBACK_ID_MAX_LENGTH, lambda n: {"callback_id": "c" * n}),
    (limit.VIEW_BLOCKS_MAX_ITEMS, lambda n: {"blocks": [{"type": "divider"}] * n}),
]


def modal(**more):
    return {"view": {"type": "modal", "title": plain(1), "submit": plain(1), "blocks": []} | more}


def agrees(most, make, what):
    within, beyond = (slack.call("POST", "check", make(count)) for count in (most, most + 1))
    assert within == [], f"{what}: {most} is allowed: {within}"
    assert len(beyond) >= 1, f"{what}: {most + 1} is not allowed"


for index, (most, make) in enumerate(CASES):
    agrees(most, lambda n: {"blocks": [make(n)]}, f"block {index} {str(make(1))[:100]}")
for index, (most, make) in enumerate(INPUTS):
    agrees(most, lambda n: modal(blocks=[make(n)]), f"input {index}")
for index, (most, make) in enumerate(VIEWS):
    agrees(most, lambda n: modal(**make(n)), f"view {index}")
agrees(limit.MESSAGE_BLOCKS_MAX_ITEMS, lambda n: {"blocks": [{"type": "divider"}] * n}, "blocks of a message")
print(f"slackblocks: {len(CASES) + len(INPUTS) + len(VIEWS) + 1} limits agree")
