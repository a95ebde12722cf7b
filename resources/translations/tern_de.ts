<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="de" sourcelanguage="en">
<context>
    <name>AboutPage</name>
    <message>
        <source>About Tern</source>
        <translation>Über Tern</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Closes this page. Key: Escape.</source>
        <translation>Schließt diese Seite. Taste: Escape.</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>Lizenz</translation>
    </message>
    <message>
        <source>Parts of Tern</source>
        <translation>Bestandteile von Tern</translation>
    </message>
    <message>
        <source>Runs BitNet, a language model of −1, 0 and +1, on this computer. Nothing you write leaves it.</source>
        <translation>Führt BitNet, ein Sprachmodell aus −1, 0 und +1, auf diesem Computer aus. Nichts, was Sie schreiben, verlässt ihn.</translation>
    </message>
    <message>
        <source>The Tern logo</source>
        <translation>Das Logo von Tern</translation>
    </message>
    <message>
        <source>The full text of the chosen licence.</source>
        <translation>Der volle Text der gewählten Lizenz.</translation>
    </message>
    <message>
        <source>The licence of the chosen one stands below.</source>
        <translation>Die Lizenz des gewählten Teils steht darunter.</translation>
    </message>
    <message>
        <source>What Tern consists of, and its licences</source>
        <translation>Woraus Tern besteht, und die Lizenzen</translation>
    </message>
</context>
<context>
    <name>AttachFiles</name>
    <message>
        <source>A message takes {0} attachments. Remove one, or send the others with the next message.</source>
        <translation>Eine Nachricht fasst {0} Anhänge. Entfernen Sie einen, oder senden Sie die übrigen mit der nächsten Nachricht.</translation>
    </message>
    <message>
        <source>A picture cannot be attached: the model reads text only.</source>
        <translation>Ein Bild lässt sich nicht anhängen: Das Modell liest nur Text.</translation>
    </message>
    <message>
        <source>Attach files</source>
        <translation>Dateien anhängen</translation>
    </message>
    <message>
        <source>{0} is a model, nothing to attach: open it on the Models page.</source>
        <translation>{0} ist ein Modell und kein Anhang: Öffnen Sie es auf der Seite „Modelle“.</translation>
    </message>
</context>
<context>
    <name>AttachmentPage</name>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Closes this page. Key: Escape.</source>
        <translation>Schließt diese Seite. Taste: Escape.</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Put into the message</source>
        <translation>In die Nachricht setzen</translation>
    </message>
    <message>
        <source>Text of the attachment</source>
        <translation>Text des Anhangs</translation>
    </message>
    <message>
        <source>This is all that the model is told of it.</source>
        <translation>Das ist alles, was das Modell davon erfährt.</translation>
    </message>
    <message>
        <source>What you change here is what the model is told.</source>
        <translation>Was Sie hier ändern, bekommt das Modell zu lesen.</translation>
    </message>
    <message>
        <source>Writes this text into the message itself.</source>
        <translation>Schreibt diesen Text in die Nachricht selbst.</translation>
    </message>
</context>
<context>
    <name>ChatWindow</name>
    <message>
        <source>1 message deleted.</source>
        <translation>1 Nachricht gelöscht.</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Loading the model… {0}</source>
        <translation>Das Modell wird geladen … {0}</translation>
    </message>
    <message>
        <source>New chat</source>
        <translation>Neuer Chat</translation>
    </message>
    <message>
        <source>No model</source>
        <translation>Kein Modell</translation>
    </message>
    <message>
        <source>Reading… {0:,} of {1:,} tokens</source>
        <translation>Liest … {0:,} von {1:,} Token</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Noch einmal</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Waiting for the model…</source>
        <translation>Wartet auf das Modell …</translation>
    </message>
    <message>
        <source>Waiting for the model… {0}</source>
        <translation>Wartet auf das Modell … {0}</translation>
    </message>
    <message>
        <source>Waiting for the reply in “{0}”…</source>
        <translation>Wartet auf die Antwort in „{0}“ …</translation>
    </message>
    <message>
        <source>You are editing an earlier message. Sending it begins a new version; the old one stays.</source>
        <translation>Sie bearbeiten eine frühere Nachricht. Beim Senden entsteht eine neue Fassung; die alte bleibt.</translation>
    </message>
    <message>
        <source>{0} messages deleted.</source>
        <translation>{0} Nachrichten gelöscht.</translation>
    </message>
</context>
<context>
    <name>Chip</name>
    <message>
        <source>Read or edit it</source>
        <translation>Lesen oder bearbeiten</translation>
    </message>
    <message>
        <source>Read what the model is told</source>
        <translation>Lesen, was das Modell erfährt</translation>
    </message>
    <message>
        <source>Reading…</source>
        <translation>Wird gelesen …</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Remove {0}</source>
        <translation>{0} entfernen</translation>
    </message>
    <message>
        <source>Takes this attachment away from the message.</source>
        <translation>Nimmt diesen Anhang aus der Nachricht.</translation>
    </message>
    <message>
        <source>{0} tokens</source>
        <translation>{0} Token</translation>
    </message>
</context>
<context>
    <name>CodeBar</name>
    <message>
        <source>Copy this code</source>
        <translation>Diesen Code kopieren</translation>
    </message>
    <message>
        <source>Do not wrap long lines</source>
        <translation>Lange Zeilen nicht umbrechen</translation>
    </message>
    <message>
        <source>Scroll this code sideways</source>
        <translation>Diesen Code seitwärts rollen</translation>
    </message>
    <message>
        <source>Shows the ends of long lines.</source>
        <translation>Zeigt die Enden langer Zeilen.</translation>
    </message>
    <message>
        <source>Unwrap</source>
        <translation>Nicht umbrechen</translation>
    </message>
    <message>
        <source>Wrap</source>
        <translation>Umbrechen</translation>
    </message>
    <message>
        <source>Wrap long lines</source>
        <translation>Lange Zeilen umbrechen</translation>
    </message>
</context>
<context>
    <name>Composer</name>
    <message>
        <source>Adds the text of files to your message. They can be dropped or pasted, too.</source>
        <translation>Fügt Ihrer Nachricht den Text von Dateien hinzu. Sie lassen sich auch ablegen oder einfügen.</translation>
    </message>
    <message>
        <source>Ask anything. It stays on this computer.</source>
        <translation>Fragen Sie. Es bleibt auf diesem Computer.</translation>
    </message>
    <message>
        <source>Attach</source>
        <translation>Anhängen</translation>
    </message>
    <message>
        <source>Attach text files, PDF or DOCX</source>
        <translation>Textdateien, PDF oder DOCX anhängen</translation>
    </message>
    <message>
        <source>Ctrl+Enter</source>
        <translation>Strg+Eingabe</translation>
    </message>
    <message>
        <source>Ends the reply here and keeps what was written. Key: Escape.</source>
        <translation>Beendet die Antwort hier und behält, was geschrieben wurde. Taste: Escape.</translation>
    </message>
    <message>
        <source>Enter</source>
        <translation>Eingabe</translation>
    </message>
    <message>
        <source>Message</source>
        <translation>Nachricht</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Senden</translation>
    </message>
    <message>
        <source>Send ({0})</source>
        <translation>Senden ({0})</translation>
    </message>
    <message>
        <source>Sends your message. Key: {0}.</source>
        <translation>Sendet Ihre Nachricht. Taste: {0}.</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>Stopp</translation>
    </message>
    <message>
        <source>Stop (Esc)</source>
        <translation>Stopp (Esc)</translation>
    </message>
    <message>
        <source>Write to the model here. Enter begins a new line, Ctrl and Enter send.</source>
        <translation>Schreiben Sie hier an das Modell. Eingabe beginnt eine neue Zeile, Strg und Eingabe senden.</translation>
    </message>
    <message>
        <source>Write to the model here. Enter sends, Shift and Enter begin a new line.</source>
        <translation>Schreiben Sie hier an das Modell. Eingabe sendet, Umschalt und Eingabe beginnen eine neue Zeile.</translation>
    </message>
</context>
<context>
    <name>ContextMeter</name>
    <message>
        <source>Context: {0}</source>
        <translation>Kontext: {0}</translation>
    </message>
    <message>
        <source>How much of the model&apos;s context this conversation and your message take.</source>
        <translation>Wie viel vom Kontext des Modells dieses Gespräch und Ihre Nachricht einnehmen.</translation>
    </message>
    <message>
        <source>{0} tokens</source>
        <translation>{0} Token</translation>
    </message>
</context>
<context>
    <name>ConversationModel</name>
    <message>
        <source>Pinned</source>
        <translation>Angeheftet</translation>
    </message>
    <message>
        <source>The last seven days</source>
        <translation>Die letzten sieben Tage</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>Heute</translation>
    </message>
    <message>
        <source>Yesterday</source>
        <translation>Gestern</translation>
    </message>
    <message>
        <source>a reply is on its way</source>
        <translation>eine Antwort ist unterwegs</translation>
    </message>
    <message>
        <source>pinned</source>
        <translation>angeheftet</translation>
    </message>
</context>
<context>
    <name>CopyButton</name>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Puts it on the clipboard.</source>
        <translation>Legt es in die Zwischenablage.</translation>
    </message>
</context>
<context>
    <name>DownloadRow</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Checking what is here already…</source>
        <translation>Prüft, was schon hier ist …</translation>
    </message>
    <message>
        <source>Delete what is here</source>
        <translation>Löschen, was da ist</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Herunterladen</translation>
    </message>
    <message>
        <source>Fetches {0}.</source>
        <translation>Holt {0}.</translation>
    </message>
    <message>
        <source>Go on</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Looking up the file…</source>
        <translation>Die Datei wird nachgeschlagen …</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Paused at {0}.</source>
        <translation>Angehalten bei {0}.</translation>
    </message>
    <message>
        <source>Progress of {0}</source>
        <translation>Fortschritt von {0}</translation>
    </message>
    <message>
        <source>Repairing…</source>
        <translation>Wird repariert …</translation>
    </message>
    <message>
        <source>Stops fetching {0} and deletes what has arrived.</source>
        <translation>Bricht den Download von {0} ab und löscht, was angekommen ist.</translation>
    </message>
    <message>
        <source>Stops fetching {0}; what has arrived is kept.</source>
        <translation>Hält den Download von {0} an; was angekommen ist, bleibt.</translation>
    </message>
    <message>
        <source>Verifying…</source>
        <translation>Wird geprüft …</translation>
    </message>
</context>
<context>
    <name>FirstModelCard</name>
    <message numerus="yes">
        <source>About %n word(s) a second on this computer.</source>
        <translation>
            <numerusform>Etwa %n Wort in der Sekunde auf diesem Computer.</numerusform>
            <numerusform>Etwa %n Wörter in der Sekunde auf diesem Computer.</numerusform>
        </translation>
    </message>
    <message>
        <source>Get {0}</source>
        <translation>{0} holen</translation>
    </message>
    <message>
        <source>Only {0:.1f}&#x2009;GB of the disk are free.</source>
        <translation>Nur {0:.1f} GB des Datenträgers sind frei.</translation>
    </message>
    <message>
        <source>This computer has only {0:.1f}&#x2009;GB of memory.</source>
        <translation>Dieser Computer hat nur {0:.1f} GB Arbeitsspeicher.</translation>
    </message>
    <message>
        <source>{0:.2f}&#x2009;GB to download; needs {1:.1f}&#x2009;GB of disk and about {2:.1f}&#x2009;GB of memory. After that it answers without any network.</source>
        <translation>{0:.2f} GB Download; braucht {1:.1f} GB auf dem Datenträger und etwa {2:.1f} GB Arbeitsspeicher. Danach antwortet es ganz ohne Netz.</translation>
    </message>
</context>
<context>
    <name>Fitting</name>
    <message>
        <source>Shorten it, or remove an attachment.</source>
        <translation>Kürzen Sie sie, oder entfernen Sie einen Anhang.</translation>
    </message>
    <message>
        <source>Shorten it, or send it in parts.</source>
        <translation>Kürzen Sie sie, oder senden Sie sie in Teilen.</translation>
    </message>
    <message>
        <source>Shorten it, remove an attachment, or raise the context size in Settings.</source>
        <translation>Kürzen Sie sie, entfernen Sie einen Anhang, oder vergrößern Sie den Kontext in den Einstellungen.</translation>
    </message>
    <message>
        <source>Shorten it, send it in parts, or raise the context size in Settings.</source>
        <translation>Kürzen Sie sie, senden Sie sie in Teilen, oder vergrößern Sie den Kontext in den Einstellungen.</translation>
    </message>
    <message>
        <source>This message is too long to send: it takes {0} tokens, and the model can take {1} at a time.</source>
        <translation>Diese Nachricht ist zu lang zum Senden: Sie braucht {0} Token, und das Modell fasst {1} auf einmal.</translation>
    </message>
    <message>
        <source>nearly full</source>
        <translation>fast voll</translation>
    </message>
    <message>
        <source>the oldest messages are left out</source>
        <translation>die ältesten Nachrichten bleiben weg</translation>
    </message>
    <message>
        <source>the oldest messages will be left out</source>
        <translation>die ältesten Nachrichten werden wegbleiben</translation>
    </message>
    <message>
        <source>too long to send</source>
        <translation>zu lang zum Senden</translation>
    </message>
</context>
<context>
    <name>Greeting</name>
    <message>
        <source>A tiny ternary network that came with the app: every weight I have is −1, 0 or +1, and what you write stays on this computer. Ask me one of these, or anything.</source>
        <translation>Ein winziges ternäres Netz, das mit dem Programm kam: Jedes meiner Gewichte ist −1, 0 oder +1, und was Sie schreiben, bleibt auf diesem Computer. Ich verstehe nur Englisch. Fragen Sie mich etwas davon oder etwas anderes.</translation>
    </message>
    <message>
        <source>Hello, I am Tern&apos;s little guide.</source>
        <translation>Hallo, ich bin der kleine Guide von Tern.</translation>
    </message>
    <message>
        <source>Sends this question.</source>
        <translation>Sendet diese Frage.</translation>
    </message>
    <message>
        <source>The Tern logo</source>
        <translation>Das Logo von Tern</translation>
    </message>
    <message>
        <source>Welcome</source>
        <translation>Willkommen</translation>
    </message>
    <message>
        <source>What would you like to know?</source>
        <translation>Was möchten Sie wissen?</translation>
    </message>
    <message>
        <source>What you write stays on this computer. Ask one of these, or anything.</source>
        <translation>Was Sie schreiben, bleibt auf diesem Computer. Fragen Sie etwas davon oder etwas anderes.</translation>
    </message>
</context>
<context>
    <name>Header</name>
    <message>
        <source>Menu</source>
        <translation>Menü</translation>
    </message>
    <message>
        <source>Model: {0}</source>
        <translation>Modell: {0}</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Opens the list of everything Tern can do.</source>
        <translation>Öffnet die Liste von allem, was Tern kann.</translation>
    </message>
    <message>
        <source>The model that answers</source>
        <translation>Das Modell, das antwortet</translation>
    </message>
    <message>
        <source>The model that answers. Opens a list to choose another.</source>
        <translation>Das Modell, das antwortet. Öffnet eine Liste, um ein anderes zu wählen.</translation>
    </message>
</context>
<context>
    <name>HelpPage</name>
    <message>
        <source>About Tern</source>
        <translation>Über Tern</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Closes this page. Key: Escape.</source>
        <translation>Schließt diese Seite. Taste: Escape.</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>Shows the version and the licences.</source>
        <translation>Zeigt die Version und die Lizenzen.</translation>
    </message>
</context>
<context>
    <name>HubSearch</name>
    <message>
        <source>Asking the hub…</source>
        <translation>Der Hub wird gefragt …</translation>
    </message>
    <message>
        <source>Fetch</source>
        <translation>Holen</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <source>Find</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Find a model on the hub</source>
        <translation>Ein Modell im Hub suchen</translation>
    </message>
    <message>
        <source>The hub has no GGUF with these words. Try fewer.</source>
        <translation>Der Hub hat kein GGUF mit diesen Wörtern. Versuchen Sie es mit weniger.</translation>
    </message>
    <message>
        <source>Words of a model&apos;s name, or OWNER/REPO, or OWNER/REPO/FILE.gguf as on its page.</source>
        <translation>Wörter aus dem Namen eines Modells, oder OWNER/REPO, oder OWNER/REPO/DATEI.gguf wie auf seiner Seite.</translation>
    </message>
    <message>
        <source>Words to search for, or OWNER/REPO</source>
        <translation>Suchwörter oder OWNER/REPO</translation>
    </message>
    <message>
        <source>Write words of a model&apos;s name, or OWNER/REPO as on its page.</source>
        <translation>Schreiben Sie Wörter aus dem Namen eines Modells oder OWNER/REPO wie auf seiner Seite.</translation>
    </message>
    <message>
        <source>a model on the hub</source>
        <translation>ein Modell im Hub</translation>
    </message>
    <message>
        <source>{0:,.0f} MB</source>
        <translation>{0:,.0f} MB</translation>
    </message>
    <message>
        <source>{0} has no GGUF file.</source>
        <translation>{0} hat keine GGUF-Datei.</translation>
    </message>
    <message>
        <source>{0} · {1:,} downloads</source>
        <translation>{0} · {1:,} Downloads</translation>
    </message>
</context>
<context>
    <name>JobRow</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Cancel: {0}</source>
        <translation>Abbrechen: {0}</translation>
    </message>
    <message>
        <source>Stops it; nothing half done stays.</source>
        <translation>Bricht es ab; nichts Halbfertiges bleibt.</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>About Tern</source>
        <translation>Über Tern</translation>
    </message>
    <message>
        <source>Connections and token</source>
        <translation>Verbindungen und Token</translation>
    </message>
    <message>
        <source>Conversations</source>
        <translation>Gespräche</translation>
    </message>
    <message>
        <source>Copy last reply</source>
        <translation>Letzte Antwort kopieren</translation>
    </message>
    <message>
        <source>Delete this conversation</source>
        <translation>Dieses Gespräch löschen</translation>
    </message>
    <message>
        <source>Edit the last message, when nothing is written; again: the one before</source>
        <translation>Die letzte Nachricht bearbeiten, wenn nichts geschrieben ist; noch einmal: die davor</translation>
    </message>
    <message>
        <source>Export all conversations…</source>
        <translation>Alle Gespräche exportieren …</translation>
    </message>
    <message>
        <source>Export this conversation…</source>
        <translation>Dieses Gespräch exportieren …</translation>
    </message>
    <message>
        <source>Exported to {0}.</source>
        <translation>Exportiert nach {0}.</translation>
    </message>
    <message>
        <source>Find an action or a conversation</source>
        <translation>Eine Aktion oder ein Gespräch finden</translation>
    </message>
    <message>
        <source>How this conversation is answered</source>
        <translation>Wie dieses Gespräch beantwortet wird</translation>
    </message>
    <message>
        <source>Import conversations…</source>
        <translation>Gespräche importieren …</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>New chat</source>
        <translation>Neuer Chat</translation>
    </message>
    <message>
        <source>New line</source>
        <translation>Neue Zeile</translation>
    </message>
    <message>
        <source>Open the menus</source>
        <translation>Die Menüs öffnen</translation>
    </message>
    <message>
        <source>Paste a long text into the message itself</source>
        <translation>Einen langen Text in die Nachricht selbst einfügen</translation>
    </message>
    <message>
        <source>Pin or unpin this conversation</source>
        <translation>Dieses Gespräch anheften oder lösen</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>Regenerate the last reply</source>
        <translation>Die letzte Antwort neu schreiben</translation>
    </message>
    <message>
        <source>Rename this conversation</source>
        <translation>Dieses Gespräch umbenennen</translation>
    </message>
    <message>
        <source>Search all conversations</source>
        <translation>Alle Gespräche durchsuchen</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Senden</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Show or hide the conversations</source>
        <translation>Die Gespräche zeigen oder verbergen</translation>
    </message>
    <message>
        <source>Stop the reply</source>
        <translation>Die Antwort stoppen</translation>
    </message>
    <message>
        <source>This system has no notification area that Tern could stay in.</source>
        <translation>Dieses System hat keinen Infobereich, in dem Tern bleiben könnte.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Write a message</source>
        <translation>Eine Nachricht schreiben</translation>
    </message>
    <message>
        <source>{0} conversations were imported.</source>
        <translation>{0} Gespräche wurden importiert.</translation>
    </message>
    <message>
        <source>“{0}” was deleted.</source>
        <translation>„{0}“ wurde gelöscht.</translation>
    </message>
</context>
<context>
    <name>MannerPage</name>
    <message>
        <source>Changed by hand</source>
        <translation>Von Hand geändert</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>Vorlage</translation>
    </message>
    <message>
        <source>Sets the system prompt and the sampling below.</source>
        <translation>Setzt den System-Prompt und die Auswahlregeln darunter.</translation>
    </message>
</context>
<context>
    <name>MessageBar</name>
    <message>
        <source>Continue</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>Kopiert</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Copy this message</source>
        <translation>Diese Nachricht kopieren</translation>
    </message>
    <message>
        <source>Copy this reply</source>
        <translation>Diese Antwort kopieren</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>Bearbeiten</translation>
    </message>
    <message>
        <source>Edit and send again</source>
        <translation>Bearbeiten und noch einmal senden</translation>
    </message>
    <message>
        <source>Go on writing</source>
        <translation>Weiterschreiben</translation>
    </message>
    <message>
        <source>Next version</source>
        <translation>Nächste Fassung</translation>
    </message>
    <message>
        <source>Previous version</source>
        <translation>Vorige Fassung</translation>
    </message>
    <message>
        <source>Regenerate</source>
        <translation>Neu schreiben</translation>
    </message>
    <message>
        <source>Version {0} of {1}</source>
        <translation>Fassung {0} von {1}</translation>
    </message>
    <message>
        <source>Write another reply</source>
        <translation>Eine andere Antwort schreiben</translation>
    </message>
</context>
<context>
    <name>ModelActs</name>
    <message>
        <source>All files (*)</source>
        <translation>Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Asking the hub about {0}…</source>
        <translation>Der Hub wird nach {0} gefragt …</translation>
    </message>
    <message>
        <source>Cancelled; nothing was changed.</source>
        <translation>Abgebrochen; nichts wurde geändert.</translation>
    </message>
    <message>
        <source>Convert</source>
        <translation>Umwandeln</translation>
    </message>
    <message>
        <source>Export for llama.cpp</source>
        <translation>Für llama.cpp exportieren</translation>
    </message>
    <message>
        <source>Fetch it</source>
        <translation>Holen</translation>
    </message>
    <message>
        <source>Hashing {0}…</source>
        <translation>Prüfsumme von {0} …</translation>
    </message>
    <message>
        <source>Import a folder of safetensors</source>
        <translation>Einen Ordner mit Safetensors importieren</translation>
    </message>
    <message>
        <source>Import a model</source>
        <translation>Ein Modell importieren</translation>
    </message>
    <message>
        <source>Making a GGUF of {0}…</source>
        <translation>Aus {0} wird ein GGUF …</translation>
    </message>
    <message>
        <source>Mend it</source>
        <translation>Reparieren</translation>
    </message>
    <message>
        <source>Models (*.gguf)</source>
        <translation>Modelle (*.gguf)</translation>
    </message>
    <message>
        <source>One thing at a time: wait for what is under way, or cancel it.</source>
        <translation>Eins nach dem anderen: Warten Sie auf das, was läuft, oder brechen Sie es ab.</translation>
    </message>
    <message>
        <source>That is the model itself. Choose another file.</source>
        <translation>Das ist das Modell selbst. Wählen Sie eine andere Datei.</translation>
    </message>
    <message>
        <source>The hub has another file for {0} ({1:,.0f} MB). It takes this one&apos;s place.</source>
        <translation>Der Hub hat eine andere Datei für {0} ({1:,.0f} MB). Sie tritt an die Stelle dieser.</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>Verifying {0}…</source>
        <translation>{0} wird geprüft …</translation>
    </message>
    <message>
        <source>Writing {0}…</source>
        <translation>{0} wird geschrieben …</translation>
    </message>
    <message>
        <source>{0} goes to the trash.</source>
        <translation>{0} kommt in den Papierkorb.</translation>
    </message>
    <message>
        <source>{0} is damaged: its file has changed. Import the right file again.</source>
        <translation>{0} ist beschädigt: Die Datei hat sich geändert. Importieren Sie die richtige Datei noch einmal.</translation>
    </message>
    <message>
        <source>{0} is damaged: its file has changed. Only the damaged parts need to be fetched again.</source>
        <translation>{0} ist beschädigt: Die Datei hat sich geändert. Nur die beschädigten Teile müssen neu geholt werden.</translation>
    </message>
    <message>
        <source>{0} is forgotten; your file stays where it is.</source>
        <translation>{0} ist vergessen; Ihre Datei bleibt, wo sie ist.</translation>
    </message>
    <message>
        <source>{0} is here and verified.</source>
        <translation>{0} ist da und geprüft.</translation>
    </message>
    <message>
        <source>{0} is right: its file has the hash it should have.</source>
        <translation>{0} ist in Ordnung: Die Datei hat die Prüfsumme, die sie haben soll.</translation>
    </message>
    <message>
        <source>{0} is what the hub offers now.</source>
        <translation>{0} ist das, was der Hub jetzt anbietet.</translation>
    </message>
    <message>
        <source>{0} was written ({1:,.0f} MB): every weight and scale read back and found the same.</source>
        <translation>{0} wurde geschrieben ({1:,.0f} MB): Jedes Gewicht und jede Skala wurde zurückgelesen und stimmt überein.</translation>
    </message>
</context>
<context>
    <name>ModelsHost</name>
    <message>
        <source>Chat with it</source>
        <translation>Damit chatten</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Tern&apos;s guide</source>
        <translation>Der Guide von Tern</translation>
    </message>
    <message>
        <source>The model {0} is gone, so the built-in guide answers.</source>
        <translation>Das Modell {0} ist nicht mehr da, deshalb antwortet der eingebaute Guide.</translation>
    </message>
    <message>
        <source>{0} is here and verified.</source>
        <translation>{0} ist da und geprüft.</translation>
    </message>
</context>
<context>
    <name>ModelsPage</name>
    <message>
        <source>1 model</source>
        <translation>1 Modell</translation>
    </message>
    <message>
        <source>Connections…</source>
        <translation>Verbindungen …</translation>
    </message>
    <message>
        <source>Find on the hub</source>
        <translation>Im Hub suchen</translation>
    </message>
    <message>
        <source>Import a file…</source>
        <translation>Eine Datei importieren …</translation>
    </message>
    <message>
        <source>Import a folder…</source>
        <translation>Einen Ordner importieren …</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>On this computer</source>
        <translation>Auf diesem Computer</translation>
    </message>
    <message>
        <source>Only the built-in guide is on this computer yet; {0:,.0f} GB of the disk are free.</source>
        <translation>Auf diesem Computer ist bisher nur der eingebaute Guide; {0:,.0f} GB des Datenträgers sind frei.</translation>
    </message>
    <message>
        <source>To download</source>
        <translation>Zum Herunterladen</translation>
    </message>
    <message>
        <source>a GGUF of yours</source>
        <translation>ein eigenes GGUF</translation>
    </message>
    <message>
        <source>every connection that was made, and your token for the hub</source>
        <translation>jede Verbindung, die es gab, und Ihr Token für den Hub</translation>
    </message>
    <message>
        <source>safetensors of BitNet 2B4T</source>
        <translation>Safetensors von BitNet 2B4T</translation>
    </message>
    <message>
        <source>{0} is here and verified.</source>
        <translation>{0} ist da und geprüft.</translation>
    </message>
    <message>
        <source>{0} models</source>
        <translation>{0} Modelle</translation>
    </message>
    <message>
        <source>{0} · {1:,.0f} MB of the disk used, {2:,.0f} GB free</source>
        <translation>{0} · {1:,.0f} MB des Datenträgers belegt, {2:,.0f} GB frei</translation>
    </message>
</context>
<context>
    <name>NetworkPage</name>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>Connections</source>
        <translation>Verbindungen</translation>
    </message>
    <message>
        <source>Connections, the newest first</source>
        <translation>Verbindungen, die neueste zuerst</translation>
    </message>
    <message>
        <source>Forget</source>
        <translation>Vergessen</translation>
    </message>
    <message>
        <source>In use: the token in the variable HF_TOKEN.</source>
        <translation>In Gebrauch: das Token in der Variablen HF_TOKEN.</translation>
    </message>
    <message>
        <source>In use: the token kept in the system&apos;s keyring ({0}).</source>
        <translation>In Gebrauch: das Token im Schlüsselbund des Systems ({0}).</translation>
    </message>
    <message>
        <source>In use: the token of your Hugging Face login on this computer.</source>
        <translation>In Gebrauch: das Token Ihrer Hugging-Face-Anmeldung auf diesem Computer.</translation>
    </message>
    <message>
        <source>Keep</source>
        <translation>Behalten</translation>
    </message>
    <message>
        <source>None is in use, and most models need none.</source>
        <translation>Keins ist in Gebrauch, und die meisten Modelle brauchen keins.</translation>
    </message>
    <message>
        <source>None is in use, and most models need none. It would be kept in the system&apos;s keyring ({0}).</source>
        <translation>Keins ist in Gebrauch, und die meisten Modelle brauchen keins. Es käme in den Schlüsselbund des Systems ({0}).</translation>
    </message>
    <message>
        <source>Offline, mirror, proxy…</source>
        <translation>Offline, Spiegel, Proxy …</translation>
    </message>
    <message>
        <source>Only private and gated models need one.</source>
        <translation>Nur private und geschützte Modelle brauchen eins.</translation>
    </message>
    <message>
        <source>Received</source>
        <translation>Empfangen</translation>
    </message>
    <message>
        <source>Tern has never opened a connection.</source>
        <translation>Tern hat noch nie eine Verbindung geöffnet.</translation>
    </message>
    <message>
        <source>This system has no keyring, so Tern keeps no token: set HF_TOKEN, or run `hf auth login`.</source>
        <translation>Dieses System hat keinen Schlüsselbund, deshalb bewahrt Tern kein Token auf: Setzen Sie HF_TOKEN, oder rufen Sie `hf auth login` auf.</translation>
    </message>
    <message>
        <source>Token for Hugging Face</source>
        <translation>Token für Hugging Face</translation>
    </message>
    <message>
        <source>Token for private and gated models</source>
        <translation>Token für private und geschützte Modelle</translation>
    </message>
    <message>
        <source>When</source>
        <translation>Wann</translation>
    </message>
    <message>
        <source>Where</source>
        <translation>Wo</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>Warum</translation>
    </message>
    <message>
        <source>hf_…</source>
        <translation>hf_…</translation>
    </message>
    <message>
        <source>opens the settings</source>
        <translation>öffnet die Einstellungen</translation>
    </message>
    <message>
        <source>the token</source>
        <translation>das Token</translation>
    </message>
    <message>
        <source>{0:,} bytes</source>
        <translation>{0:,} Bytes</translation>
    </message>
    <message>
        <source>{0:,} connections to {1}; {2:,.1f} MB came. Nothing of what you write was in them.</source>
        <translation>{0:,} Verbindungen zu {1}; {2:,.1f} MB kamen. Nichts von dem, was Sie schreiben, war darin.</translation>
    </message>
</context>
<context>
    <name>Notice</name>
    <message>
        <source>Dismiss</source>
        <translation>Ausblenden</translation>
    </message>
    <message>
        <source>Does what the notice offers.</source>
        <translation>Tut, was der Hinweis anbietet.</translation>
    </message>
    <message>
        <source>Hides this notice.</source>
        <translation>Blendet diesen Hinweis aus.</translation>
    </message>
    <message>
        <source>Notice</source>
        <translation>Hinweis</translation>
    </message>
</context>
<context>
    <name>Palette</name>
    <message>
        <source>Enter does what is chosen.</source>
        <translation>Eingabe tut, was gewählt ist.</translation>
    </message>
    <message>
        <source>Find an action or a conversation</source>
        <translation>Eine Aktion oder ein Gespräch finden</translation>
    </message>
    <message>
        <source>Found</source>
        <translation>Gefunden</translation>
    </message>
    <message>
        <source>Up and Down choose, Enter does it, Escape closes.</source>
        <translation>Auf und Ab wählen, Eingabe tut es, Escape schließt.</translation>
    </message>
</context>
<context>
    <name>PresetButton</name>
    <message>
        <source>By hand</source>
        <translation>Von Hand</translation>
    </message>
    <message>
        <source>Change by hand…</source>
        <translation>Von Hand ändern …</translation>
    </message>
    <message>
        <source>Chooses a system prompt and the sampling that suits it for this conversation.</source>
        <translation>Wählt für dieses Gespräch einen System-Prompt und die Auswahlregeln, die dazu passen.</translation>
    </message>
    <message>
        <source>How this conversation is answered</source>
        <translation>Wie dieses Gespräch beantwortet wird</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>Vorlage</translation>
    </message>
    <message>
        <source>Preset: {0}</source>
        <translation>Vorlage: {0}</translation>
    </message>
</context>
<context>
    <name>Readouts</name>
    <message>
        <source>Instruments</source>
        <translation>Instrumente</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Memory that Tern occupies now, the model included.</source>
        <translation>Speicher, den Tern jetzt belegt, samt Modell.</translation>
    </message>
    <message>
        <source>Memory {0}</source>
        <translation>Speicher {0}</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netz</translation>
    </message>
    <message>
        <source>Offline</source>
        <translation>Offline</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>Tempo</translation>
    </message>
    <message>
        <source>Tern uses no network: nothing you write leaves here.</source>
        <translation>Tern benutzt kein Netz: Nichts, was Sie schreiben, geht hinaus.</translation>
    </message>
    <message>
        <source>Tokens a second of the reply.</source>
        <translation>Token in der Sekunde in dieser Antwort.</translation>
    </message>
    <message>
        <source>– tokens/s</source>
        <translation>– Token/s</translation>
    </message>
</context>
<context>
    <name>RowDelegate</name>
    <message>
        <source>Enter keeps the new title, Escape the old one.</source>
        <translation>Eingabe behält den neuen Titel, Escape den alten.</translation>
    </message>
    <message>
        <source>Title</source>
        <translation>Titel</translation>
    </message>
</context>
<context>
    <name>SettingRow</name>
    <message>
        <source>None</source>
        <translation>Keiner</translation>
    </message>
    <message>
        <source>Restore the default</source>
        <translation>Vorgabe wiederherstellen</translation>
    </message>
    <message>
        <source>Restore {0}</source>
        <translation>{0} zurücksetzen</translation>
    </message>
    <message>
        <source>Sets it back to its default.</source>
        <translation>Setzt es auf die Vorgabe zurück.</translation>
    </message>
</context>
<context>
    <name>SettingsPage</name>
    <message>
        <source>No setting has these words.</source>
        <translation>Keine Einstellung enthält diese Wörter.</translation>
    </message>
    <message>
        <source>Search the settings</source>
        <translation>Einstellungen durchsuchen</translation>
    </message>
    <message>
        <source>Shows only the settings that have these words.</source>
        <translation>Zeigt nur die Einstellungen, die diese Wörter enthalten.</translation>
    </message>
</context>
<context>
    <name>Shelf</name>
    <message>
        <source>Attachments</source>
        <translation>Anhänge</translation>
    </message>
</context>
<context>
    <name>Sidebar</name>
    <message>
        <source>Conversations</source>
        <translation>Gespräche</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Enter opens, F2 renames, Delete deletes.</source>
        <translation>Eingabe öffnet, F2 benennt um, Entf löscht.</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren …</translation>
    </message>
    <message>
        <source>Finds words in every conversation. Down goes to the results.</source>
        <translation>Findet Wörter in allen Gesprächen. Ab führt zu den Treffern.</translation>
    </message>
    <message>
        <source>Marks the field for searching.</source>
        <translation>Bezeichnet das Suchfeld.</translation>
    </message>
    <message>
        <source>Nothing was found for “{0}”.</source>
        <translation>Für „{0}“ wurde nichts gefunden.</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>Pin to the top</source>
        <translation>Oben anheften</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>Umbenennen</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>Suchen</translation>
    </message>
    <message>
        <source>Search all conversations (Ctrl+F)</source>
        <translation>Alle Gespräche durchsuchen (Strg+F)</translation>
    </message>
    <message>
        <source>Unpin</source>
        <translation>Lösen</translation>
    </message>
    <message>
        <source>Your conversations will stand here.</source>
        <translation>Hier werden Ihre Gespräche stehen.</translation>
    </message>
</context>
<context>
    <name>Sparkline</name>
    <message>
        <source>A curve of tokens a second.</source>
        <translation>Eine Kurve der Token in der Sekunde.</translation>
    </message>
    <message>
        <source>Speed over the last twenty seconds</source>
        <translation>Tempo der letzten zwanzig Sekunden</translation>
    </message>
</context>
<context>
    <name>TemplatePage</name>
    <message>
        <source>Allow it</source>
        <translation>Erlauben</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Do not run it any more</source>
        <translation>Nicht mehr ausführen</translation>
    </message>
    <message>
        <source>Keep allowing it</source>
        <translation>Weiter erlauben</translation>
    </message>
    <message>
        <source>Not now</source>
        <translation>Jetzt nicht</translation>
    </message>
    <message>
        <source>Tern knows this form and can also chat without running it.</source>
        <translation>Tern kennt diese Form und kann auch chatten, ohne sie auszuführen.</translation>
    </message>
    <message>
        <source>The chat template of {0}</source>
        <translation>Die Chat-Vorlage von {0}</translation>
    </message>
    <message>
        <source>The template&apos;s text</source>
        <translation>Der Text der Vorlage</translation>
    </message>
    <message>
        <source>This file has no chat template; a common form is used, which may not be the model&apos;s.</source>
        <translation>Diese Datei hat keine Chat-Vorlage; es wird eine übliche Form benutzt, die vielleicht nicht die des Modells ist.</translation>
    </message>
    <message>
        <source>This model brings its own chat template: a small program that puts your messages into the form it was trained on. It runs in a sandbox that can neither read files nor use the network. Tern does not run what comes with a file unless you say so.</source>
        <translation>Dieses Modell bringt seine eigene Chat-Vorlage mit: ein kleines Programm, das Ihre Nachrichten in die Form bringt, mit der es trainiert wurde. Es läuft in einer Sandbox, die weder Dateien lesen noch das Netz benutzen kann. Tern führt nichts aus, was mit einer Datei kommt, wenn Sie es nicht erlauben.</translation>
    </message>
    <message>
        <source>Without it this model cannot chat.</source>
        <translation>Ohne sie kann dieses Modell nicht chatten.</translation>
    </message>
</context>
<context>
    <name>Transcript</name>
    <message>
        <source>Continue</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Copy code</source>
        <translation>Code kopieren</translation>
    </message>
    <message>
        <source>Copy message</source>
        <translation>Nachricht kopieren</translation>
    </message>
    <message>
        <source>Copy reply</source>
        <translation>Antwort kopieren</translation>
    </message>
    <message>
        <source>Delete from here on</source>
        <translation>Ab hier löschen</translation>
    </message>
    <message>
        <source>Do not wrap long lines</source>
        <translation>Lange Zeilen nicht umbrechen</translation>
    </message>
    <message>
        <source>Edit and send again</source>
        <translation>Bearbeiten und noch einmal senden</translation>
    </message>
    <message>
        <source>Next version</source>
        <translation>Nächste Fassung</translation>
    </message>
    <message>
        <source>Previous version</source>
        <translation>Vorige Fassung</translation>
    </message>
    <message>
        <source>Regenerate</source>
        <translation>Neu schreiben</translation>
    </message>
    <message>
        <source>Select all</source>
        <translation>Alles auswählen</translation>
    </message>
    <message>
        <source>Show attachment</source>
        <translation>Anhang zeigen</translation>
    </message>
    <message>
        <source>Wrap long lines</source>
        <translation>Lange Zeilen umbrechen</translation>
    </message>
</context>
<context>
    <name>TranscriptView</name>
    <message>
        <source>Conversation</source>
        <translation>Gespräch</translation>
    </message>
    <message>
        <source>Jump to latest</source>
        <translation>Zum Neuesten</translation>
    </message>
    <message>
        <source>Scrolls to the end of the conversation.</source>
        <translation>Rollt ans Ende des Gesprächs.</translation>
    </message>
    <message>
        <source>What you and the model have said, oldest first.</source>
        <translation>Was Sie und das Modell gesagt haben, das Älteste zuerst.</translation>
    </message>
</context>
<context>
    <name>Tray</name>
    <message>
        <source>Show or hide Tern</source>
        <translation>Tern zeigen oder verbergen</translation>
    </message>
</context>
<context>
    <name>_PageWindow</name>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
</context>
<context>
    <name>actions</name>
    <message>
        <source>Appearance</source>
        <translation>Aussehen</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Like the system</source>
        <translation>Wie das System</translation>
    </message>
</context>
<context>
    <name>chips</name>
    <message>
        <source>Pasted: {0}</source>
        <translation>Eingefügt: {0}</translation>
    </message>
    <message>
        <source>bytes</source>
        <translation>Bytes</translation>
    </message>
</context>
<context>
    <name>context_line</name>
    <message>
        <source>The model no longer sees what stands above.</source>
        <translation>Was darüber steht, sieht das Modell nicht mehr.</translation>
    </message>
</context>
<context>
    <name>figures</name>
    <message>
        <source>1 token</source>
        <translation>1 Token</translation>
    </message>
    <message>
        <source>first word after {0}</source>
        <translation>erstes Wort nach {0}</translation>
    </message>
    <message>
        <source>{0} tokens</source>
        <translation>{0} Token</translation>
    </message>
</context>
<context>
    <name>files</name>
    <message>
        <source>All files (*)</source>
        <translation>Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Conversations (*.json)</source>
        <translation>Gespräche (*.json)</translation>
    </message>
    <message>
        <source>Everything, as JSON (*.json)</source>
        <translation>Alles, als JSON (*.json)</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>Exportieren</translation>
    </message>
    <message>
        <source>Import conversations</source>
        <translation>Gespräche importieren</translation>
    </message>
    <message>
        <source>Markdown (*.md)</source>
        <translation>Markdown (*.md)</translation>
    </message>
    <message>
        <source>Plain text (*.txt)</source>
        <translation>Reiner Text (*.txt)</translation>
    </message>
    <message>
        <source>{0} could not be written ({1}).</source>
        <translation>{0} konnte nicht geschrieben werden ({1}).</translation>
    </message>
</context>
<context>
    <name>jobs</name>
    <message>
        <source>Something went wrong inside Tern. The details are in its log; try again.</source>
        <translation>In Tern ist etwas schiefgegangen. Näheres steht im Protokoll; versuchen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>The disk refused ({0}).</source>
        <translation>Der Datenträger hat sich geweigert ({0}).</translation>
    </message>
</context>
<context>
    <name>languages</name>
    <message>
        <source>Same as the system</source>
        <translation>Wie das System</translation>
    </message>
</context>
<context>
    <name>licences</name>
    <message>
        <source>Qt {0} and PySide6 are used under the GNU Lesser General Public License, version 3 (below), without changes. They are libraries of their own: you may replace them by versions that you have built or changed yourself. They lie in {1}; put compatible libraries of the same names there, or install another PySide6-Essentials into Tern&apos;s Python environment. Their source is at https://code.qt.io and https://download.qt.io; which other licences parts of Qt are under is listed at https://doc.qt.io/qt-6/licenses-used-in-qt.html.</source>
        <translation>Qt {0} und PySide6 werden unter der GNU Lesser General Public License, Version 3 (unten), unverändert benutzt. Es sind eigene Bibliotheken: Sie dürfen sie durch Fassungen ersetzen, die Sie selbst gebaut oder geändert haben. Sie liegen in {1}; legen Sie verträgliche Bibliotheken gleichen Namens dorthin, oder installieren Sie ein anderes PySide6-Essentials in die Python-Umgebung von Tern. Ihr Quelltext liegt auf https://code.qt.io und https://download.qt.io; unter welchen anderen Lizenzen Teile von Qt stehen, sagt https://doc.qt.io/qt-6/licenses-used-in-qt.html.</translation>
    </message>
    <message>
        <source>The built-in guide, its recipe and the application&apos;s icon are part of Tern.</source>
        <translation>Der eingebaute Guide, sein Rezept und das Symbol des Programms sind Teile von Tern.</translation>
    </message>
    <message>
        <source>The package brings no licence text. {0}</source>
        <translation>Das Paket bringt keinen Lizenztext mit. {0}</translation>
    </message>
    <message>
        <source>see its text</source>
        <translation>siehe Text</translation>
    </message>
</context>
<context>
    <name>links</name>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>Open {0} in your browser? That leaves this computer.</source>
        <translation>{0} im Browser öffnen? Das verlässt diesen Computer.</translation>
    </message>
    <message>
        <source>Tern does not open this kind of link: {0}</source>
        <translation>Diese Art von Link öffnet Tern nicht: {0}</translation>
    </message>
</context>
<context>
    <name>menu_bar</name>
    <message>
        <source>&amp;Conversation</source>
        <translation>&amp;Gespräch</translation>
    </message>
    <message>
        <source>&amp;File</source>
        <translation>&amp;Datei</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>&amp;Hilfe</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>&amp;Ansicht</translation>
    </message>
    <message>
        <source>Menus</source>
        <translation>Menüs</translation>
    </message>
</context>
<context>
    <name>model_cards</name>
    <message>
        <source>Chat template…</source>
        <translation>Chat-Vorlage …</translation>
    </message>
    <message>
        <source>Chat with it</source>
        <translation>Damit chatten</translation>
    </message>
    <message>
        <source>Convert to {0}…</source>
        <translation>In {0} umwandeln …</translation>
    </message>
    <message>
        <source>Export for llama.cpp…</source>
        <translation>Für llama.cpp exportieren …</translation>
    </message>
    <message>
        <source>Forget it</source>
        <translation>Vergessen</translation>
    </message>
    <message>
        <source>In use</source>
        <translation>In Gebrauch</translation>
    </message>
    <message>
        <source>It arrived damaged; only the damaged parts are fetched again.</source>
        <translation>Es kam beschädigt an; nur die beschädigten Teile werden neu geholt.</translation>
    </message>
    <message>
        <source>Look for a newer version</source>
        <translation>Nach einer neueren Fassung sehen</translation>
    </message>
    <message>
        <source>Make a GGUF of it</source>
        <translation>Ein GGUF daraus machen</translation>
    </message>
    <message>
        <source>Mend it</source>
        <translation>Reparieren</translation>
    </message>
    <message>
        <source>More</source>
        <translation>Mehr</translation>
    </message>
    <message>
        <source>Move to the trash</source>
        <translation>In den Papierkorb</translation>
    </message>
    <message>
        <source>Opens the list of what else can be done with this model.</source>
        <translation>Öffnet die Liste dessen, was sich sonst mit diesem Modell tun lässt.</translation>
    </message>
    <message>
        <source>Show the file</source>
        <translation>Datei zeigen</translation>
    </message>
    <message>
        <source>Tern&apos;s guide</source>
        <translation>Der Guide von Tern</translation>
    </message>
    <message>
        <source>Verify</source>
        <translation>Prüfen</translation>
    </message>
    <message>
        <source>about {0:,.1f} GB of memory</source>
        <translation>etwa {0:,.1f} GB Arbeitsspeicher</translation>
    </message>
    <message>
        <source>becomes a GGUF on this computer</source>
        <translation>wird auf diesem Computer zu einem GGUF</translation>
    </message>
    <message>
        <source>changed since it was verified</source>
        <translation>seit der Prüfung geändert</translation>
    </message>
    <message>
        <source>checked by Tern&apos;s makers</source>
        <translation>von den Machern von Tern geprüft</translation>
    </message>
    <message>
        <source>context {0:,}</source>
        <translation>Kontext {0:,}</translation>
    </message>
    <message>
        <source>damaged</source>
        <translation>beschädigt</translation>
    </message>
    <message>
        <source>its file is missing</source>
        <translation>die Datei fehlt</translation>
    </message>
    <message>
        <source>listed, not tried here</source>
        <translation>aufgeführt, hier nicht erprobt</translation>
    </message>
    <message>
        <source>on {0}</source>
        <translation>am {0}</translation>
    </message>
    <message>
        <source>runs in Tern&apos;s own engine</source>
        <translation>läuft im eigenen Rechenwerk von Tern</translation>
    </message>
    <message>
        <source>runs through llama.cpp</source>
        <translation>läuft durch llama.cpp</translation>
    </message>
    <message>
        <source>size: asked of the hub</source>
        <translation>Größe: wird beim Hub erfragt</translation>
    </message>
    <message>
        <source>today at {0}</source>
        <translation>heute um {0}</translation>
    </message>
    <message>
        <source>verified {0}</source>
        <translation>geprüft {0}</translation>
    </message>
    <message>
        <source>your own file</source>
        <translation>eigene Datei</translation>
    </message>
    <message>
        <source>{0:,.0f} MB</source>
        <translation>{0:,.0f} MB</translation>
    </message>
    <message>
        <source>{0:,.0f} MB · built in · answers questions about Tern, and nothing else</source>
        <translation>{0:,.0f} MB · eingebaut · beantwortet Fragen zu Tern und sonst nichts</translation>
    </message>
    <message>
        <source>{0:,.1f} tokens/s here</source>
        <translation>{0:,.1f} Token/s hier</translation>
    </message>
</context>
<context>
    <name>presenting</name>
    <message>
        <source>Cut off when Tern ended.</source>
        <translation>Abgebrochen, als Tern endete.</translation>
    </message>
    <message>
        <source>No reply.</source>
        <translation>Keine Antwort.</translation>
    </message>
    <message>
        <source>Stopped.</source>
        <translation>Gestoppt.</translation>
    </message>
    <message>
        <source>Tern ended before the reply.</source>
        <translation>Tern endete vor der Antwort.</translation>
    </message>
    <message>
        <source>The context is full: begin a new chat to go on.</source>
        <translation>Der Kontext ist voll: Beginnen Sie einen neuen Chat, um weiterzumachen.</translation>
    </message>
    <message>
        <source>The length limit was reached.</source>
        <translation>Die Längengrenze wurde erreicht.</translation>
    </message>
</context>
<context>
    <name>presets</name>
    <message>
        <source>As in the settings</source>
        <translation>Wie in den Einstellungen</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>Code</translation>
    </message>
    <message>
        <source>Concise</source>
        <translation>Knapp</translation>
    </message>
    <message>
        <source>Creative</source>
        <translation>Kreativ</translation>
    </message>
    <message>
        <source>Helpful</source>
        <translation>Hilfsbereit</translation>
    </message>
    <message>
        <source>Precise</source>
        <translation>Genau</translation>
    </message>
    <message>
        <source>Translator</source>
        <translation>Übersetzer</translation>
    </message>
</context>
<context>
    <name>settings</name>
    <message>
        <source>0 always takes the likeliest word; higher values vary more.</source>
        <translation>0 nimmt immer das wahrscheinlichste Wort; höhere Werte wechseln mehr ab.</translation>
    </message>
    <message>
        <source>Above 1 makes repeating a recent token less likely; 1 switches it off.</source>
        <translation>Über 1 werden Wiederholungen eben benutzter Token unwahrscheinlicher; 1 schaltet es ab.</translation>
    </message>
    <message>
        <source>Accent colour</source>
        <translation>Akzentfarbe</translation>
    </message>
    <message>
        <source>Address of a mirror of Hugging Face, as https://HOST; empty takes HF_ENDPOINT or the original.</source>
        <translation>Adresse eines Spiegels von Hugging Face, wie https://HOST; leer gilt HF_ENDPOINT oder das Original.</translation>
    </message>
    <message>
        <source>Address of a proxy for downloads, as http://HOST:PORT; empty takes the system&apos;s.</source>
        <translation>Adresse eines Proxys für Downloads, wie http://HOST:PORT; leer gilt der des Systems.</translation>
    </message>
    <message>
        <source>All</source>
        <translation>Alle</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>Aussehen</translation>
    </message>
    <message>
        <source>Arctic blue</source>
        <translation>Polarblau</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>Automatisch</translation>
    </message>
    <message>
        <source>Choose among the likeliest tokens that together reach this probability; 1 switches it off.</source>
        <translation>Wählt unter den wahrscheinlichsten Token, die zusammen diese Wahrscheinlichkeit erreichen; 1 schaltet es ab.</translation>
    </message>
    <message>
        <source>Choose among this many likeliest tokens; 0 among all.</source>
        <translation>Wählt unter so vielen der wahrscheinlichsten Token; 0 unter allen.</translation>
    </message>
    <message>
        <source>Closing the window keeps Tern there, with its conversations and its model; Quit ends it.</source>
        <translation>Beim Schließen des Fensters bleibt Tern dort, mit Gesprächen und Modell; „Beenden“ beendet es.</translation>
    </message>
    <message>
        <source>Comfortable</source>
        <translation>Bequem</translation>
    </message>
    <message>
        <source>Compact</source>
        <translation>Dicht</translation>
    </message>
    <message>
        <source>Context size</source>
        <translation>Größe des Kontexts</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>Dunkel</translation>
    </message>
    <message>
        <source>Density</source>
        <translation>Dichte</translation>
    </message>
    <message>
        <source>Download limit</source>
        <translation>Download-Grenze</translation>
    </message>
    <message>
        <source>Engine</source>
        <translation>Rechenwerk</translation>
    </message>
    <message>
        <source>Enter sends</source>
        <translation>Eingabe sendet</translation>
    </message>
    <message>
        <source>Forbid every connection. Without it Tern connects only to fetch a model that you ask for.</source>
        <translation>Verbietet jede Verbindung. Sonst verbindet sich Tern nur, um ein Modell zu holen, das Sie verlangen.</translation>
    </message>
    <message>
        <source>Graphite</source>
        <translation>Graphit</translation>
    </message>
    <message>
        <source>Heather</source>
        <translation>Heide</translation>
    </message>
    <message>
        <source>How exactly the KV cache is kept: f32 is exact and large, q8_0 is small and faster in long conversations.</source>
        <translation>Wie genau der KV-Cache gehalten wird: f32 ist genau und groß, q8_0 klein und in langen Gesprächen schneller.</translation>
    </message>
    <message>
        <source>How many processor cores the model uses; 0 takes the best count that is known for this computer.</source>
        <translation>Wie viele Prozessorkerne das Modell benutzt; 0 nimmt die beste Zahl, die für diesen Computer bekannt ist.</translation>
    </message>
    <message>
        <source>How much room there is between things.</source>
        <translation>Wie viel Raum zwischen den Dingen ist.</translation>
    </message>
    <message>
        <source>Lagoon</source>
        <translation>Lagune</translation>
    </message>
    <message>
        <source>Language</source>
        <translation>Sprache</translation>
    </message>
    <message>
        <source>Leave out tokens less likely than this part of the likeliest one; 0 switches it off.</source>
        <translation>Lässt Token weg, die unwahrscheinlicher sind als dieser Teil des wahrscheinlichsten; 0 schaltet es ab.</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>Hell</translation>
    </message>
    <message>
        <source>Light, dark, or whatever your system uses.</source>
        <translation>Hell, dunkel, oder was Ihr System benutzt.</translation>
    </message>
    <message>
        <source>Longest reply</source>
        <translation>Längste Antwort</translation>
    </message>
    <message>
        <source>Megabytes a second that a download may use; 0 takes all there is.</source>
        <translation>Megabyte in der Sekunde, die ein Download benutzen darf; 0 nimmt alles, was da ist.</translation>
    </message>
    <message>
        <source>Memory of the conversation</source>
        <translation>Gedächtnis des Gesprächs</translation>
    </message>
    <message>
        <source>Min-p</source>
        <translation>Min-p</translation>
    </message>
    <message>
        <source>Model hub</source>
        <translation>Modell-Hub</translation>
    </message>
    <message>
        <source>Moss</source>
        <translation>Moos</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netz</translation>
    </message>
    <message>
        <source>New each time</source>
        <translation>Jedes Mal neu</translation>
    </message>
    <message>
        <source>No limit</source>
        <translation>Keine Grenze</translation>
    </message>
    <message>
        <source>Nothing slides or blinks. It is on by itself where the system asks for less motion and Qt can tell.</source>
        <translation>Nichts gleitet oder blinkt. Von selbst an, wo das System weniger Bewegung wünscht und Qt es weiß.</translation>
    </message>
    <message>
        <source>Of Tern&apos;s own words; it changes when Tern is started again. The model answers in the language it is asked in.</source>
        <translation>Von Terns eigenen Worten; sie wechselt beim nächsten Start. Das Modell antwortet in der Sprache, in der es gefragt wird.</translation>
    </message>
    <message>
        <source>Of buttons, links, selections and the ring around what has the keyboard.</source>
        <translation>Von Knöpfen, Links, Markierungen und dem Ring um das, was die Tastatur hat.</translation>
    </message>
    <message>
        <source>Off: Enter begins a new line, and Ctrl+Enter sends.</source>
        <translation>Aus: Eingabe beginnt eine neue Zeile, und Strg+Eingabe sendet.</translation>
    </message>
    <message>
        <source>Proxy</source>
        <translation>Proxy</translation>
    </message>
    <message>
        <source>Quiet</source>
        <translation>Leise</translation>
    </message>
    <message>
        <source>Reduce motion</source>
        <translation>Weniger Bewegung</translation>
    </message>
    <message>
        <source>Repeat penalty</source>
        <translation>Wiederholungsabzug</translation>
    </message>
    <message>
        <source>Replies</source>
        <translation>Antworten</translation>
    </message>
    <message>
        <source>Rose</source>
        <translation>Rose</translation>
    </message>
    <message>
        <source>Same as the system</source>
        <translation>Wie das System</translation>
    </message>
    <message>
        <source>Seed</source>
        <translation>Startwert</translation>
    </message>
    <message>
        <source>Size of the conversation&apos;s text in pixels; everything else scales with it.</source>
        <translation>Größe des Gesprächstexts in Pixeln; alles andere wächst mit.</translation>
    </message>
    <message>
        <source>Stay in the notification area</source>
        <translation>Im Infobereich bleiben</translation>
    </message>
    <message>
        <source>Stop a reply after this many tokens; 0 lets it run as far as the context reaches.</source>
        <translation>Beendet eine Antwort nach so vielen Token; 0 lässt sie laufen, so weit der Kontext reicht.</translation>
    </message>
    <message>
        <source>System prompt</source>
        <translation>System-Prompt</translation>
    </message>
    <message>
        <source>Temperature</source>
        <translation>Temperatur</translation>
    </message>
    <message>
        <source>Text size</source>
        <translation>Textgröße</translation>
    </message>
    <message>
        <source>The model&apos;s</source>
        <translation>Wie das Modell</translation>
    </message>
    <message>
        <source>The same seed gives the same reply to the same question; -1 draws a new one each time.</source>
        <translation>Gleicher Startwert, gleiche Frage, gleiche Antwort; -1 zieht jedes Mal einen neuen.</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>Farbschema</translation>
    </message>
    <message>
        <source>Threads</source>
        <translation>Threads</translation>
    </message>
    <message>
        <source>Tokens the model can look back on; 0 takes all that it was made for. Less needs less memory.</source>
        <translation>Token, auf die das Modell zurückblicken kann; 0 nimmt alles, wofür es gemacht ist. Weniger braucht weniger Speicher.</translation>
    </message>
    <message>
        <source>Told to the model before every new conversation. Empty sends none.</source>
        <translation>Bekommt das Modell vor jedem neuen Gespräch gesagt. Leer wird keiner gesendet.</translation>
    </message>
    <message>
        <source>Top-k</source>
        <translation>Top-k</translation>
    </message>
    <message>
        <source>Top-p</source>
        <translation>Top-p</translation>
    </message>
    <message>
        <source>Use half the threads: a cooler and quieter computer, and slower replies.</source>
        <translation>Benutzt halb so viele Threads: ein kühlerer, leiserer Computer und langsamere Antworten.</translation>
    </message>
    <message>
        <source>Work offline</source>
        <translation>Offline arbeiten</translation>
    </message>
    <message>
        <source>f16 (standard)</source>
        <translation>f16 (üblich)</translation>
    </message>
    <message>
        <source>f32 (exact)</source>
        <translation>f32 (genau)</translation>
    </message>
    <message>
        <source>q8_0 (small)</source>
        <translation>q8_0 (klein)</translation>
    </message>
</context>
<context>
    <name>settings_page</name>
    <message>
        <source>How this conversation is answered</source>
        <translation>Wie dieses Gespräch beantwortet wird</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
</context>
</TS>
