/* modules/corpus/format.h - a data format: which strings of a row are its fields.
**
** A format is data: an ordered list of slots, each a place in the row (a path, or several of
** which the first present counts), the field its strings belong to, and the shapes its value
** may have. One walker reads all formats. Chats share one description of a turn.
**
**   { field = "input", path = { "prompt", "question" }, shape = { "text", "turns" } }
**
** A slot's field, when its value is a list of turns, says what becomes of the turns:
**   FORMAT_CHAT        system, input and output, the output being the last assistant turn
**   FORMAT_ASKED       the same, where a chat may end with the user's turn: it has no output then
**   FIELD_INPUT        system and input: a prompt
**   FIELD_OUTPUT       the last assistant turn is the output, those before it as in a prompt
**   FIELD_ALTERNATIVE  the last assistant turn is the alternative; the others are other strings */
#ifndef TAMIS_FORMAT_H
#define TAMIS_FORMAT_H

#include "corpus/corpus.h"
#include "corpus/json.h"

typedef struct Format Format;

enum { FORMAT_CHAT = FIELD_COUNT + 1, FORMAT_ASKED };   /* beside Field, for slots */

enum {
  SHAPE_TEXT  = 1,   /* a string */
  SHAPE_TURNS = 2,   /* a list of turns, or one turn */
  SHAPE_PAIRS = 4    /* a list of [user, reply] */
};

typedef enum TurnRole {
  TURN_NONE, TURN_SYSTEM, TURN_USER, TURN_ASSISTANT, TURN_TOOL,
  TURN_CALL          /* an assistant turn whose text is a call: in no field */
} TurnRole;

TurnRole turn_role_by_name(Span name);   /* "system", "user", "assistant", "tool", "call" */

Format *format_new(Span name);           /* with one reference; NULL if out of memory */
Format *format_ref(Format *f);           /* returns f */
void format_unref(Format *f);            /* NULL is left alone */
const char *format_name(const Format *f);

/* All return 0, or -1 with err worded (a bad path, too many keys, out of memory). */
int format_add_slot(Format *f, int field, int shapes, int optional,
                    const Span *paths, size_t npaths, Error *err);
/* How a turn is written: the key of its role, of its text, of what may stand for a null text,
** and what each role name means. */
int format_add_role_key(Format *f, Span key, Error *err);
int format_add_text_key(Format *f, Span key, Error *err);
int format_add_call_key(Format *f, Span key, Error *err);
int format_add_part_type(Format *f, Span type, Error *err);   /* {"type": type, "text": …} is text */
int format_add_role(Format *f, Span name, TurnRole role, Error *err);

/* What the walker found in one row; zero it before first use, use it again row after row. */
typedef struct FormatRow {
  struct TurnRef *turn;  /* [turn_cap] the walker's own room */
  size_t turn_cap;
  StringRef *string;     /* [nstrings] in reading order */
  size_t nstrings, cap;
  RowState state;        /* ROW_OK, ROW_MISSING_FIELD, ROW_FIELD_TYPE, ROW_DUPLICATE_KEY,
                         ** ROW_LONE_SURROGATE, ROW_TOO_LONG, ROW_NOT_AN_OBJECT */
  uint32_t offset;       /* byte in the row where the fault was seen */
  const char *name;      /* the path or key at fault, owned by the format; NULL if none */
} FormatRow;

/* Reads a row that json_check judged valid. 0; -1 if out of memory. */
int format_walk(const Format *f, Span line, const JsonDoc *doc, FormatRow *out);
void format_row_free(FormatRow *r);

/* What a row must have to fit, with the names this row uses: `"instruction" and "output"`.
** 0; -1 if out of memory. */
int format_describe(const Format *f, const JsonDoc *doc, Buf *out);

#endif
