/* modules/neardup/turns.h - which turns of a chat are compared.
**
** A chat's input is every turn before the answer: in a long conversation mostly history. Two rows
** that ask the same and get the same answer are copies to one who trains on the last turn, though
** their histories differ; and rows cut from one conversation share nearly all of it.
**
**   all      the whole input
**   users    what users wrote, without the replies and the results of tools
**   first    the user's first turn
**   last     the user's last turn
**   tail n   the last n turns of the input, whoever wrote them
**
** Strings of the input that are no turns (a pair's question; an instruction behind its history)
** are one turn of the user's, where they stand. A row whose input has no turns is compared whole. */
#ifndef TAMIS_TURNS_H
#define TAMIS_TURNS_H

#include "corpus/row.h"

typedef enum TurnsWhich { TURNS_ALL, TURNS_USERS, TURNS_FIRST, TURNS_LAST, TURNS_TAIL } TurnsWhich;

typedef struct Turns { TurnsWhich which; unsigned tail; } Turns;   /* zeroed: all */

/* row_field, but of the input only those turns, joined by line feeds as the whole is; *out lives as
** the row's spans do. 0, or -1 if out of memory. */
int turns_field(const Row *row, Field f, Turns turns, Span *out);

#endif
