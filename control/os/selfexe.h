/* SPDX-License-Identifier: ISC */
/*
 * selfexe.h - the program that runs here, to be started once more
 */
#ifndef SELFEXE_H
#define SELFEXE_H

/* Lives for ever; NULL: nobody knows. */
const char *selfexe(void);

#endif /* SELFEXE_H */
