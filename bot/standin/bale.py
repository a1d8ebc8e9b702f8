"""What is known of Bale (``https://tapi.bale.ai``) where it differs from Telegram, and how sure we are of it.

Nothing here was tried against the real service.

Read in public copies of docs.bale.ai and in people's notes on it: calls have Telegram's form (``/bot<token>/<method>``,
GET or POST, parameters in the query, as a form, as JSON, or as multipart for files), and so have answers (``ok``,
``result``, ``error_code``, ``description``, ``parameters``); ``getUpdates``, ``sendMessage``, ``editMessageText``,
``sendPhoto`` and ``sendDocument`` take Telegram's main fields. One wrapper offers an operation "Answer Inline Query"
for Bale; its authors note of their callback operations that they do not work yet.

From the project's own notes (house.md, style.md): no webhook secret, no inline mode, its own Markdown (``*bold*``,
``_italic_``, ``[text](address)``) in place of HTML, and every callback query must be answered (`StandIn.unanswered`).

Believed, without a source at hand: the list of methods (`METHODS`: no ``setMyCommands``, polls or reactions), that a
reply is asked for with ``reply_to_message_id``, and that a ``parse_mode`` is passed over rather than refused.

Not known: whether Bale refuses or passes over unknown fields (here they are held against Telegram's reference, with
`EXTRA_FIELDS` allowed), the limits of captions and keyboards and the words of errors (Telegram's are used), whether
``answerCallbackQuery`` may come twice.
"""

from __future__ import annotations

METHODS = frozenset(
    {
        *("getMe", "logOut", "close", "getUpdates", "setWebhook", "deleteWebhook", "getWebhookInfo"),
        *("sendMessage", "forwardMessage", "copyMessage", "sendPhoto", "sendAudio", "sendDocument", "sendVideo"),
        *("sendAnimation", "sendVoice", "sendMediaGroup", "sendLocation", "sendContact", "sendSticker"),
        *("sendChatAction", "getFile", "answerCallbackQuery", "sendInvoice", "answerPreCheckoutQuery"),
        *("editMessageText", "editMessageCaption", "editMessageReplyMarkup", "deleteMessage"),
        *("getChat", "getChatMember", "getChatMemberCount", "getChatAdministrators", "leaveChat"),
        *("banChatMember", "unbanChatMember", "promoteChatMember", "setChatPhoto", "deleteChatPhoto"),
        *("setChatTitle", "setChatDescription", "pinChatMessage", "unpinChatMessage", "unpinAllChatMessages"),
        *("createChatInviteLink", "revokeChatInviteLink", "exportChatInviteLink", "createInvoiceLink"),
        *("uploadStickerFile", "createNewStickerSet", "addStickerToSet"),
    }
)

EXTRA_FIELDS = frozenset({"reply_to_message_id"})
"""Fields that Telegram's reference lacks."""
