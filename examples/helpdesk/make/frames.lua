--- What people write around the matter itself: greetings, who they are, how they sign.
-- luacheck: no max line length
-- Each list is drawn from once a ticket; an empty string means that nothing is written.

return {
  hello = { "", "", "Hi,\n\n", "Hello,\n\n", "Hi there,\n", "Good morning,\n\n", "Hey Fernwick,\n", "Dear support team,\n\n",
    "Hello Fernwick team,\n\n", "Hi folks - ", "Good afternoon. ", "Second try, the chat window closed on me. ",
    "Not sure this is the right place. ", "Quick one: ", "URGENT!! ", "Hi, {<first2> from our office|my bookkeeper} said I should write here. " },

  who = { "", "", "", " We are a <trade> in <town>.", " We're a <trade>, on the <plan> plan.", " Customer number <custno>, if you need it.",
    " Account: <co>, <town>.", " {It's just me and one employee here.|There are <n> of us in the office.}",
    " I do the books for a <trade> in <town> on {Fridays|the side}.", " {We've been using you since <month>|Customers since <month>} and so far we were happy.",
    " My boss is asking every hour.", " I looked through the help pages first and found nothing that fits.",
    " {No rush.|It can wait until <day>.}", " {I need this by <day>.|Please, before <day> if you can.}",
    " (<browser> on a <device>, should that matter.)", " I am not good with computers, so in small steps please." },

  bye = { "", "", "\n\nThanks,\n<first>", "\n\nThank you!\n<first> <last>", "\n<first>", "\n\nBest,\n<first> at <co>", " Thanks a lot!",
    "\n\nKind regards\n<first> <last>\n<co>", "\n\ncheers, <first>", " thx", "\n\nRegards,\n<first> <last>, <town>", "\n\n- <first>",
    "\n\nMany thanks in advance\n<first>", "\n\n<first> <last>\n<co>, <town>\n\nSent from my <device>" },

  reply = { "Hi <first>,\n\n", "Hello <first>,\n\n", "Hi <first>, ", "Dear <first>,\n\n", "Good morning <first>,\n\n", "Hi <first>,\nthanks for the details. ",
    "Hello,\n\n", "Hi <first>, <agent> here. ", "Hello <first>, thank you for waiting. ", "", "" },

  signed = { "", "", "\n\nBest,\n<agent>", "\n\nKind regards,\n<agent>, Fernwick", "\n\n<agent>", "\n\nHave a good <day>,\n<agent>",
    "\n\nAll the best\n<agent>", "\n\nYours,\n<agent>", "\n\nWrite again if it does not work.\n<agent>",
    "\n\nDoes that help?\n<agent>", "\n\n{Greetings from <town>|Best from <town>}\n<agent>" },

  -- After an answer that says too little; keeps it from being a bare line.
  weak_end = { " Let us know if there is anything else.", " You will find more in the help pages on this subject.",
    " This ticket will be closed in two days.", " Please rate our service when you have a moment." },

  -- How the teacher model of synthetic.jsonl begins and ends its answers.
  synthetic_start = { "Certainly! Here's what is going on. ", "Great question! ", "I'm sorry for the inconvenience. ", "I understand how frustrating that can be. ",
    "Absolutely, let's get this sorted out. ", "Thanks for reaching out! ", "Of course! Let me walk you through it. ", "I'd be happy to help with that. " },
  synthetic_end = { "\n\nI hope this helps! If you have any further questions, feel free to ask.", "\n\nPlease don't hesitate to reach out if the issue persists.",
    "\n\nLet me know if there's anything else I can assist you with today!", "\n\nIn summary, the steps above should resolve the matter.",
    "\n\nRemember to keep your details up to date to avoid similar issues.", "" },
  synthetic_who = { " I run a <trade> in <town>.", " I am using the <plan> plan.", " Could you please explain the steps?", " What would you recommend?",
    " I would appreciate detailed guidance.", " Our company, <co>, has <n> employees.", " I am using <browser>.", " This started on <date>." },
}
