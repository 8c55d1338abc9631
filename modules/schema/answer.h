/* modules/schema/answer.h - the JSON of an answer: the whole text, or a block of code in it, or where asked for
** what stands between the brackets of its prose. */
#ifndef TAMIS_ANSWER_H
#define TAMIS_ANSWER_H

#include "core/span.h"

/* What should be JSON in the text, blanks at both ends off: what stands in its first fence with the word json behind
** it, else in its first fence that begins with { or [, unless the text itself does; else, with prose, from the first
** { or [ to the bracket that closes it; else all of it. A fence without an end reaches to the text's end. */
Span answer_json(Span text, int prose);

#endif
