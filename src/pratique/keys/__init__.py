"""Signing keys behind one port. Today: files of encrypted PKCS#8.

    signer      Signer (the port), sign_statement
    file        generate_key, load_signer, load_public_key
    passphrase  passphrase_source, ask_new_passphrase
    keyless     no key at all: a token becomes a certificate for one session

Import from these modules: `file` loads the cryptography library. Verification never passes through this room: it needs public
keys only (`pratique.attest.publickey`).
"""
