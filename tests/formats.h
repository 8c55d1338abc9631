/* tests/formats.h - formats for C tests and fuzz targets, as scripts/formats describes them. */
#ifndef TAMIS_TEST_FORMATS_H
#define TAMIS_TEST_FORMATS_H

#include "corpus/format.h"

static inline void slot(Format *f, int field, int shapes, int optional, const char *a, const char *b) {
  Span paths[2] = { span_str(a), { b, b == NULL ? 0 : strlen(b) } };
  Error err;
  format_add_slot(f, field, shapes, optional, paths, b == NULL ? 1 : 2, &err);
}

static inline void turn_words(Format *f) {
  static const struct { const char *name; TurnRole role; } roles[] = {
    { "system", TURN_SYSTEM }, { "developer", TURN_SYSTEM }, { "user", TURN_USER }, { "human", TURN_USER },
    { "assistant", TURN_ASSISTANT }, { "gpt", TURN_ASSISTANT }, { "tool", TURN_TOOL }, { "function_call", TURN_CALL },
  };
  Error err;
  format_add_role_key(f, span_str("role"), &err);
  format_add_role_key(f, span_str("from"), &err);
  format_add_text_key(f, span_str("content"), &err);
  format_add_text_key(f, span_str("value"), &err);
  format_add_call_key(f, span_str("tool_calls"), &err);
  format_add_part_type(f, span_str("text"), &err);
  for (size_t i = 0; i < sizeof roles / sizeof *roles; i++) format_add_role(f, span_str(roles[i].name), roles[i].role, &err);
}

static inline Format *pairs_format(void) {
  Format *f = format_new(span_str("pairs"));
  slot(f, FIELD_SYSTEM, SHAPE_TEXT, 1, "system", NULL);
  slot(f, FIELD_INPUT, SHAPE_TEXT, 0, "input", NULL);
  slot(f, FIELD_OUTPUT, SHAPE_TEXT, 0, "output", NULL);
  return f;
}

static inline Format *alpaca_format(void) {
  Format *f = format_new(span_str("alpaca"));
  slot(f, FIELD_SYSTEM, SHAPE_TEXT, 1, "system", NULL);
  slot(f, FIELD_INPUT, SHAPE_PAIRS, 1, "history", NULL);
  slot(f, FIELD_INPUT, SHAPE_TEXT, 0, "instruction", NULL);
  slot(f, FIELD_INPUT, SHAPE_TEXT, 1, "input", NULL);
  slot(f, FIELD_OUTPUT, SHAPE_TEXT, 0, "output", "response");
  return f;
}

static inline Format *chat_format(void) {
  Format *f = format_new(span_str("messages"));
  turn_words(f);
  slot(f, FORMAT_CHAT, SHAPE_TURNS, 0, "messages", "conversations");
  return f;
}

static inline Format *asked_format(void) {
  Format *f = format_new(span_str("asked"));
  turn_words(f);
  slot(f, FORMAT_ASKED, SHAPE_TURNS, 0, "messages", "conversations");
  return f;
}

static inline Format *preference_format(void) {
  Format *f = format_new(span_str("preference"));
  turn_words(f);
  slot(f, FIELD_INPUT, SHAPE_TEXT | SHAPE_TURNS, 1, "prompt", "input.messages");
  slot(f, FIELD_OUTPUT, SHAPE_TEXT | SHAPE_TURNS, 0, "chosen", "preferred_output");
  slot(f, FIELD_ALTERNATIVE, SHAPE_TEXT | SHAPE_TURNS, 0, "rejected", "non_preferred_output");
  return f;
}

#endif
