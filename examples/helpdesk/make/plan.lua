--- What is planted: the kind of fault, how many (nil: as many as there are texts of it), the stage
-- that ought to reject it or "kept", and what it is. The table of README.md has this order.
-- luacheck: no max line length

return {
  { kind = "malformed",           count = nil, fate = "load",                about = "a line that is no JSON" },
  { kind = "not_utf8",            count = nil, fate = "load",                about = "bytes that are no UTF-8" },
  { kind = "not_an_object",       count = nil, fate = "load",                about = "JSON, but no object" },
  { kind = "missing_field",       count = nil, fate = "load",                about = "no input, or no output" },
  { kind = "field_type",          count = nil, fate = "load",                about = "a number, list, object, boolean or null for a text" },
  { kind = "duplicate_key",       count = nil, fate = "load",                about = "a text given twice" },
  { kind = "lone_surrogate",      count = nil, fate = "load",                about = "half of a surrogate pair" },
  { kind = "gold_copy",           count = 12,  fate = "decontaminate",       about = "a row of the gold set" },
  { kind = "gold_near",           count = 15,  fate = "decontaminate",       about = "a row of the gold set, edited" },
  { kind = "gold_question",       count = 8,   fate = "decontaminate",       about = "a question of the gold set with another answer" },
  { kind = "gold_answer",         count = 5,   fate = "judge",               about = "an answer of the gold set below a question in other words" },
  { kind = "exact_copy",          count = 110, fate = "exact_dedup",         about = "the same ticket again, blanks and capitals apart" },
  { kind = "empty_answer",        count = 10,  fate = "length",              about = "no answer" },
  { kind = "short_answer",        count = nil, fate = "length",              about = "an answer of a few words" },
  { kind = "short_question",      count = nil, fate = "length",              about = "a question of a word or two" },
  { kind = "loop",                count = nil, fate = "repetition",          about = "an answer that repeats itself" },
  { kind = "german",              count = nil, fate = "language",            about = "German" },
  { kind = "spanish",             count = nil, fate = "language",            about = "Spanish" },
  { kind = "french",              count = nil, fate = "language",            about = "French" },
  { kind = "private",             count = 104, fate = "kept",                about = "private data: masked, and the row kept" },
  { kind = "harmless",            count = 20,  fate = "kept",                about = "numbers that only look private: left alone" },
  { kind = "escalation",          count = 55,  fate = "no_escalation",       about = "an answer that passes the matter on" },
  { kind = "boilerplate",         count = 70,  fate = "boilerplate",         about = "an answer that only gives thanks" },
  { kind = "cut_off",             count = 40,  fate = "cut_off",             about = "an answer that ends in the middle of a sentence" },
  { kind = "answer_in_question",  count = 14,  fate = "answer_in_question",  about = "the answer is quoted in the question (label leakage)" },
  { kind = "reset_form",          count = 132, fate = "near_dedup",          about = "a password reset from a form: one template, other names and numbers" },
  { kind = "edited_copy",         count = 60,  fate = "near_dedup",          about = "a ticket again under another name" },
  { kind = "copy_of_expert",      count = 14,  fate = "near_dedup",          about = "a log row that an expert row repeats: the expert row stays" },
}
