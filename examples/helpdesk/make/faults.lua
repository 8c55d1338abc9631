--- The faults that product logs have, as texts. How many of each are planted stands in make_tickets.lua.
-- luacheck: no max line length

local faults = {}

--- Password resets from a form: one template with a name and some numbers, hundreds a year.
faults.reset_templates = {
  { q = [[Hello, I have forgotten my password for Fernwick Books and cannot log in to write my invoices. Please send me a new one. My customer number is <custno>. Thank you and kind regards, <first>]],
    a = [[Hello <first>,

thank you for your message. For reasons of safety we do not send passwords by e-mail. Please open the log in page, press "Forgot password" and enter the address of your account. You will receive a link that is good for one hour. Choose a new password with at least twelve characters, and do not use one that you have elsewhere. If the link does not arrive within ten minutes, please look into your spam folder before you ask for another one. Your reference is <ref>.

Kind regards,
<agent>]] },
  { q = [[password reset needed for user <first> (id <custno>), phone app keeps saying that the password is wrong, already tried three times, please reset so we can work again]],
    a = [[Hi <first>, we have ended the lock on your account, so that you can choose a new password now. In the app press More, then Log in, then "I forgot my password", and type the address with which you were invited. Open the link on the same phone. The new password needs twelve characters and must not begin like an old one. After that, log out on all other devices once, because they still hold the old password and would lock the account again. Your ticket is <ref>.
<agent>]] },
  { q = [[Form: Reset my password
Product: Fernwick Mail
Customer: <custno>
Name: <first>
Message: I do not remember the password of my mailbox and the recovery address is an old one that I can not open any more.]],
    a = [[Hello <first>, an owner of your company can give you a new password without the recovery address. Ask him or her to open Mail, then Mailboxes, then your line, and to press "New password". It is shown once and you change it at your first log in. While you are there, please enter a recovery address that you can open, under Profile and Security, so that next time you can help yourself within a minute. We have written to the owners of your company, so that they expect your question. Reference <ref>.
Regards, <agent>]] },
}

--- Nothing but thanks: the machine that acknowledges receipt was logged as the answer.
faults.boilerplate = {
  "Thank you for contacting Fernwick support! We have received your request and will get back to you within one business day.",
  "Thank you for contacting us. Your ticket number is <ref>. Our team is looking at your message and will reply as soon as possible.",
  "Hi <first>, thank you for contacting us! We are experiencing a higher volume of requests than usual and appreciate your patience.",
  "Hello <first>,\n\nthank you for contacting Fernwick. This is an automatic reply to tell you that your message has reached us.\n\nYour Fernwick team",
  "Thank you for contacting us outside our office hours. We are back at eight in the morning and will answer in the order of arrival.",
}

--- Answers that answer nothing, since somebody else is to do it.
faults.escalation = {
  "Hi <first>, I'll escalate this to our team and somebody will be in touch with you shortly. Thanks, <agent>",
  "Thanks for the details, <first>. I'll escalate this to our billing colleagues, who can see more than I can.\n\n<agent>",
  "Hello <first>,\n\nI'm sorry for the trouble. I'll escalate this to our technical team. They will reach out within two to three working days.\n\nKind regards,\n<agent>",
  "I understand. That is above my level, so I'll escalate this to our team for further investigation. Reference <ref>.",
  "Sorry to hear that! I'll escalate your case right away and keep you posted here.\n<agent>",
  "Hi, <agent> here. I have read everything and I'll escalate it to the second line with high priority.",
}

--- Answers under ten words, each written in a hurry.
faults.short_answers = { "Done.", "Yes.", "fixed, please try again", "See the help page.", "No, sorry.", "Refund is on its way.",
  "Which browser?", "Please restart.", "ok", "Closed as duplicate.", "As discussed by phone.", "n/a", "will be in next release", "See ticket above.", "Yes, under Settings." }

--- Questions under three words.
faults.short_questions = { "help", "??", "Refund!!", "hello?", "not working", "test", "Invoice", "still broken" }

--- Answers in which a stuck key, a paste or a model in a loop repeats itself; <x> is what repeats.
faults.loops = {
  { "Please restart the app and try again. ", 9 }, { "We are looking into the matter. ", 11 }, { "Open Settings, then Billing, then Invoices. ", 8 },
  { "I'm sorry for the inconvenience this has caused you. ", 7 }, { "The feed has been connected again. ", 10 }, { "You can find this in your account settings. ", 8 },
  { "Thank you for your patience. ", 14 }, { "no no no no ", 6 }, { "The parcel is on its way to you now. ", 7 }, { "Press the three dots at the right. ", 9 },
  { "Our team is working on a fix. ", 9 }, { "Please clear your cache and your cookies. ", 8 }, { "Your balance is correct. ", 12 }, { "Have you tried it in another browser? ", 8 },
}

--- Lines of a log that is no clean JSONL: what a crash, a hand edit or a bad exporter leaves.
-- %s stands for an id. Each is { fault, line }.
faults.broken_lines = {
  { "malformed", [[{"ticket_id": "%s", "input": "Where is my order FT-20117?", "output": "It left the warehouse this mor]] },
  { "malformed", [[{'ticket_id': '%s', 'input': 'How do I add a user?', 'output': 'Settings, People, Invite.'}]] },
  { "malformed", [[{"ticket_id": "%s", "input": "Is the Till waterproof?", "output": "It stands a splash, but no rain.",}]] },
  { "malformed", [[{"ticket_id": "%s", "input": "Can I pay yearly?", "output": "Yes, under Settings, Billing.", "csat": NaN}]] },
  { "malformed", [[{"ticket_id": "%s", "input": "Logo too small", "output": "Use 600 pixels."} {"ticket_id": "%s-b", "input": "And the colour?", "output": "RGB."}]] },
  { "malformed", [[{ticket_id: "%s", input: "Which port does IMAP use?", output: "993 with TLS, please."}]] },
  { "malformed", [[2024-03-02 04:11:09 ERROR exporter: connection reset by peer while writing %s]] },
  { "malformed", [[{"ticket_id": "%s", "input": "Tab	in the text", "output": "A raw tab stands inside this string."}]] },
  { "malformed", [[{"ticket_id": "%s", "input": "Bad escape \q here", "output": "An escape that JSON does not know."}]] },
  { "malformed", [["ticket_id": "%s", "input": "Braces lost", "output": "The outer braces are missing here."]] },
  { "malformed", [[{"ticket_id": "%s", "input": "Which paper fits", "output": "Rolls of 80 mm", "metadata": {"queue": "till"}]] },
  { "malformed", [[{"ticket_id": "%s", "input": "Number", "output": "A number with a leading zero is none.", "csat": 05}]] },
  { "not_utf8", '{"ticket_id": "%s", "input": "Caf\xe9 Lindqvist cannot log in", "output": "The lock ends by itself after half an hour, so please try again then."}' },
  { "not_utf8", '{"ticket_id": "%s", "input": "Where do I change M\xfcller to Mueller?", "output": "Open the contact, press Edit, and save it under the new name."}' },
  { "not_utf8", '{"ticket_id": "%s", "input": "Half a sign \xe2\x82 at the end of a buffer", "output": "The exporter cut the euro sign in the middle of its bytes here."}' },
  { "not_an_object", [=[["%s", "Can I export to PDF?", "Yes, beside the Print button."]]=] },
  { "not_an_object", [["%s: ticket withdrawn by customer"]] },
  { "not_an_object", [[null]] },
  { "missing_field", [[{"ticket_id": "%s", "input": "How do I change my avatar?", "metadata": {"queue": "account", "channel": "web"}}]] },
  { "missing_field", [[{"ticket_id": "%s", "output": "We have changed the date of your delivery to Thursday, as you asked us to.", "metadata": {"queue": "shipping"}}]] },
  { "missing_field", [[{"ticket_id": "%s", "question": "Do you sell in Malta?", "answer": "Yes, both the programs and the Till are sold there."}]] },
  { "missing_field", [[{"ticket_id": "%s", "input": "Still waiting for my refund", "Output": "It was sent to your card on Monday and takes up to seven days."}]] },
  { "missing_field", [[{"ticket_id": "%s"}]] },
  { "missing_field", [[{}]] },
  { "missing_field", [[{"ticket_id": "%s", "input": "Third reminder!", "status": "open"}]] },
  { "missing_field", [[{"error": "rate limited", "ticket_id": "%s", "retry_after": 30}]] },
  { "field_type", [[{"ticket_id": "%s", "input": "Which port does SMTP use?", "output": 587}]] },
  { "field_type", [[{"ticket_id": "%s", "input": "Is my mailbox blocked?", "output": false}]] },
  { "field_type", [[{"ticket_id": "%s", "input": "What does error FW-2201 mean?", "output": null}]] },
  { "field_type", [[{"ticket_id": "%s", "input": "How do I print labels?", "output": ["Open Orders.", "Press Print label."]}]] },
  { "field_type", [[{"ticket_id": "%s", "input": {"subject": "Login", "body": "I cannot log in"}, "output": "Press Forgot password, and the link comes within a minute."}]] },
  { "field_type", [[{"ticket_id": "%s", "input": 42, "output": "We did not understand your question. Could you write it in other words, please?"}]] },
  { "field_type", [[{"ticket_id": "%s", "input": null, "output": "The attachment arrived without a text. What can we do for you today?"}]] },
  { "duplicate_key", [[{"ticket_id": "%s", "input": "Can I have two owners?", "output": "No, there is only one.", "output": "Yes, as many as you like, under Settings, People."}]] },
  { "duplicate_key", [[{"ticket_id": "%s", "input": "Old text of the question", "input": "How do I add a second till?", "output": "Till, Devices, Add, and scan the square on its box."}]] },
  { "lone_surrogate", [[{"ticket_id": "%s", "input": "Thumbs up \ud83d for the quick help", "output": "Thank you very much, we have passed your kind words on to the whole team."}]] },
  { "lone_surrogate", [[{"ticket_id": "%s", "input": "How do I insert a smiley?", "output": "Press the key with the window and the dot, then choose one \ude00 from the list."}]] },
}

--- Private data, as people hand it out. <ssn>, <card>, <email>, <phone>, <ip> are drawn and counted by
-- the generator; `where` is the field that the sentence is added to.
faults.private = {
  { where = "input",  "\n\nTo prove who I am: my social security number is <ssn>." },
  { where = "input",  " SSN <ssn> is on the file with you already." },
  { where = "input",  " Please charge it to my other card, <card>, from now on." },
  { where = "input",  " The card that failed is <card>. It is valid until 2027." },
  { where = "input",  "\n\nYou can reach me at <email>." },
  { where = "input",  "\n\n<first> <last>\n<co>\n<phone>\n<email>" },
  { where = "input",  " Call me on <phone> if that is quicker." },
  { where = "output", " I have sent a copy of it to <email>, so please look there too." },
  { where = "output", " We tried to reach you on <phone> this morning." },
  { where = "input",  " The computer in question has the address <ip>." },
  { where = "output", " The log shows the failed tries coming from <ip>, which is your own office." },
  { where = "output", " Refunds to the card <card> take three to seven working days." },
  { where = "input",  " Write to <email> and not to <email>, that one is old." },
}

--- Looks private and is not: fails the check digit, or lies in a range that was never issued.
faults.harmless = {
  " The number on the back of the reader is <notcard>.",
  " Our purchase order is <notcard>.",
  " Your form will not take 000-12-3456 as a test, by the way.",
  " Reference 987-65-4320 on the letter from the bank.",
  " The manual speaks of firmware 999.310.2.600, ours is older.",
}

--- A wrong answer below a question of the gold set: the question alone gives it away.
faults.other_answer = {
  "That is not possible at the moment, but many customers have asked for it, and our developers know about the wish.",
  "There is a page about this in the help centre, with pictures for every step; please search it for the words of your question.",
  "We checked it on our side and could not find anything wrong, so please try it once more tomorrow and tell us how it went.",
  "You need the Studio plan to do this. Your present plan can be changed at any time under Settings, Billing.",
}

return faults
