/* modules/scan/gate.h - the sieve before the patterns of one scanner or of several: a Vectorscan
** database that reads a text once and says which of them may match.
**
** Scanners whose operators run on the same rows stand behind one gate. The first of them to meet a text
** asks it, the others take what it saw (pii_op.c). A build without Vectorscan, or a gate not compiled yet,
** stands open: PCRE2 alone finds the same matches, slower. */
#ifndef TAMIS_SCAN_GATE_H
#define TAMIS_SCAN_GATE_H

#include "core/span.h"

typedef struct ScanGate ScanGate;
typedef struct GateState GateState;   /* what one thread needs to ask, and the last answer */

ScanGate *gate_new(void);             /* one reference; NULL if out of memory */
ScanGate *gate_enter(ScanGate *g);    /* a reference for one more scanner that stands behind it */
int gate_scanners(const ScanGate *g); /* how many have come */
void gate_unref(ScanGate *g);         /* NULL is left alone */

/* Adds a pattern, of characters (unicode) or of bytes: its number, which one added before in the same words
** shares; -1 if it cannot stand here: Vectorscan takes it in no way, the gate is compiled, out of memory. */
int gate_add(ScanGate *g, Span pattern, int unicode);
/* Makes the database of what was added; once, before threads ask. What Vectorscan cannot do leaves the gate
** open. 0, or -1 if out of memory. */
int gate_compile(ScanGate *g);
int gate_closed(const ScanGate *g);   /* compiled, and no longer open */
size_t gate_patterns(const ScanGate *g);

GateState *gate_state_new(const ScanGate *g);   /* of a closed gate; NULL if out of memory */
void gate_state_free(GateState *st);            /* NULL is left alone */
/* Which patterns may match in text: *seen, valid until the next call, holds their numbers, each once, in
** no order. Their count; -1 if Vectorscan gave up, when all may match. */
int64_t gate_ask(const ScanGate *g, GateState *st, Span text, const uint32_t **seen);

#endif
