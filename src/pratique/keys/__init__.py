"""Signing keys behind one port: files, PKCS#11 tokens, Vault, the clouds' key services, ssh-agent.

    signer      Signer (the port), sign_statement, sign_succession
    access      how keys are named; Access: where passphrases, PINs and credentials come from
    open        open_signer, load_public, create_signer, import_signer, rotate_signer: from a reference to a back end
    file, pkcs11, vault, aws, gcp, azure, sshagent    the back ends, one a file
    service     HTTP to a key service that may be hostile
    foreign     private keys of other programs, to be imported
    passphrase  passphrase_source, ask_new_passphrase
    keyless     no key at all: a token becomes a certificate for one session

Import from these modules: `file` loads the cryptography library. Verification never passes through this room: it needs public
keys only (`pratique.attest.publickey`).
"""
