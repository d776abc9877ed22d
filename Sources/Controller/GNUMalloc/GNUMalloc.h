// What Swift's Glibc module leaves out: mallopt, malloc_trim, and which parts of the process are programs. Elsewhere there
// are no such headers, and nothing is declared.
#ifndef _GNU_SOURCE
#define _GNU_SOURCE
#endif
#if __has_include(<malloc.h>) && __has_include(<link.h>)
#include <link.h>
#include <malloc.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/mman.h>
#include <unistd.h>

static inline int todo_forget_program(struct dl_phdr_info *program, size_t size, void *unused) {
    (void)size;
    (void)unused;
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    for (int index = 0; index < program->dlpi_phnum; index++) {
        const ElfW(Phdr) *part = &program->dlpi_phdr[index];
        // What was never written is the same as in the file. Whole pages only: at its edges a part may share one.
        if (part->p_type != PT_LOAD || (part->p_flags & PF_W) != 0) continue;
        uintptr_t begin = ((uintptr_t)program->dlpi_addr + part->p_vaddr + page - 1) / page * page;
        uintptr_t end = ((uintptr_t)program->dlpi_addr + part->p_vaddr + part->p_memsz) / page * page;
        // An error changes nothing: the pages stay.
        if (begin < end) madvise((void *)begin, end - begin, MADV_DONTNEED);
    }
    return 0;
}

/// Takes the code and the constants of the program and its libraries out of memory. What is used again is read again,
/// from the page cache as a rule; what only the start needed stays away. A debugger's breakpoints go as well: it has to set
/// them again.
static inline void todo_forget_programs(void) { dl_iterate_phdr(todo_forget_program, NULL); }
#endif
