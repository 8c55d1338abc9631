/* modules/core/json_out.h - the one writer of JSON that Tamis makes itself: exact integers,
** shortest doubles that read back the same, strings escaped as RFC 8259 asks and no further.
** Values go behind what the buffer holds; commas and brackets are the caller's.
** All return 0, or -1 when out of memory. */
#ifndef TAMIS_JSON_OUT_H
#define TAMIS_JSON_OUT_H

#include "core/buf.h"

int json_out_string(Buf *b, Span text);      /* quotes and escapes; bytes that are no UTF-8 become U+FFFD */
int json_out_int(Buf *b, int64_t v);
int json_out_double(Buf *b, double v);       /* null for NaN and infinities; 3.0 is written 3.0 */
size_t json_double_text(double v, char out[32]);   /* the digits alone, NUL-terminated; their length */

#endif
