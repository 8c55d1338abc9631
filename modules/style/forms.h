/* modules/style/forms.h - what a text is formatted as, and how it opens.
**
** A text has any of these forms, told line by line; one that has none is plain.
**   list     lines that begin with a bullet (- * + or U+2022) or a number ("1." "1)"), `list_items` or more
**   header   a line "# Title" (1 to 6 of them), "Title" over "===", or a line that is bold as a whole
**   code     a fenced block; or, without a fence, `code_lines` or more lines that look like code and are `code_share`
**            of those that are not blank: lines that begin or end as the tables say, assignments and calls
**   json     all of it is a JSON object or array, a fence around it apart
**   table    a row of | over a rule of | and - (GitHub's), or a <table
** What stands inside a fence is code, not a list. */
#ifndef TAMIS_FORMS_H
#define TAMIS_FORMS_H

#include "corpus/json.h"

enum { FORM_LIST = 1, FORM_HEADER = 2, FORM_CODE = 4, FORM_JSON = 8, FORM_TABLE = 16 };
enum { FORMS = 5 };
extern const char *const form_names[FORMS];   /* of bit i: "list", "header", "code", "json", "table" */

typedef struct FormRules {
  size_t list_items;        /* 1 or more */
  size_t code_lines;        /* 1 or more */
  double code_share;        /* 0 to 1 */
  const Span *starts, *ends;   /* [nstarts] [nends] of a line of code, blanks at its ends off */
  size_t nstarts, nends;
} FormRules;

/* The set of forms; 0: plain. Any bytes; linear. doc: room for json_check, zeroed before first use. -1: out of memory. */
int forms_of(Span text, const FormRules *rules, JsonDoc *doc);

/* The first `words` tokens (tokens.h), folded without punctuation (fold.h), at most OPENING_BYTES bytes of text; into
** out [OPENING_ROOM]. Its bytes; 0 where the text has no more tokens than that (it has no opening: it is all there is),
** or nothing but punctuation in them. */
enum { OPENING_BYTES = 256, OPENING_ROOM = OPENING_BYTES + OPENING_BYTES / 2 + 64 };
size_t opening_of(Span text, size_t words, char out[OPENING_ROOM]);

#endif
