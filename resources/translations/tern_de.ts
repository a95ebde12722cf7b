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
        <source>Copy details for a report</source>
        <translation>Angaben für einen Bericht kopieren</translation>
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
        <source>Puts the versions and this system&apos;s name on the clipboard.</source>
        <translation>Legt die Versionen und den Namen des Systems in die Zwischenablage.</translation>
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
        <source>The licence of the selected one is shown below.</source>
        <translation>Die Lizenz des gewählten Bestandteils steht darunter.</translation>
    </message>
    <message>
        <source>Components and licences</source>
        <translation>Bestandteile und Lizenzen</translation>
    </message>
</context>
<context>
    <name>AssistantsPage</name>
    <message>
        <source>1 added.</source>
        <translation>1 hinzugefügt.</translation>
    </message>
    <message>
        <source>Adds assistants and prompts from a file.</source>
        <translation>Fügt Assistenten und Prompts aus einer Datei hinzu.</translation>
    </message>
    <message>
        <source>Assistants</source>
        <translation>Assistenten</translation>
    </message>
    <message>
        <source>Assistants and prompts</source>
        <translation>Assistenten und Prompts</translation>
    </message>
    <message>
        <source>Begins a chat with this assistant.</source>
        <translation>Beginnt einen Chat mit diesem Assistenten.</translation>
    </message>
    <message>
        <source>Begins a prompt of your own.</source>
        <translation>Beginnt einen eigenen Prompt.</translation>
    </message>
    <message>
        <source>Begins an assistant of your own.</source>
        <translation>Beginnt einen eigenen Assistenten.</translation>
    </message>
    <message>
        <source>Choose one to change it.</source>
        <translation>Wählen Sie einen, um ihn zu ändern.</translation>
    </message>
    <message>
        <source>Default</source>
        <translation>Standard</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Deletes what is shown here.</source>
        <translation>Löscht, was hier steht.</translation>
    </message>
    <message>
        <source>Export assistants and prompts</source>
        <translation>Assistenten und Prompts exportieren</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren …</translation>
    </message>
    <message>
        <source>Found by it after “/”.</source>
        <translation>Wird so nach „/“ gefunden.</translation>
    </message>
    <message>
        <source>Give it a name first.</source>
        <translation>Geben Sie zuerst einen Namen ein.</translation>
    </message>
    <message>
        <source>How many of the likely words are considered.</source>
        <translation>Wie viele der wahrscheinlichen Wörter in Frage kommen.</translation>
    </message>
    <message>
        <source>Icon</source>
        <translation>Symbol</translation>
    </message>
    <message>
        <source>Import assistants and prompts</source>
        <translation>Assistenten und Prompts importieren</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>Importieren …</translation>
    </message>
    <message>
        <source>Instructions</source>
        <translation>Anweisungen</translation>
    </message>
    <message>
        <source>Keeps what is shown here.</source>
        <translation>Behält, was hier steht.</translation>
    </message>
    <message>
        <source>Low is exact, high is inventive.</source>
        <translation>Niedrig ist genau, hoch ist einfallsreich.</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>Name</translation>
    </message>
    <message>
        <source>New assistant</source>
        <translation>Neuer Assistent</translation>
    </message>
    <message>
        <source>New chat with it</source>
        <translation>Neuer Chat damit</translation>
    </message>
    <message>
        <source>New prompt</source>
        <translation>Neuer Prompt</translation>
    </message>
    <message>
        <source>No icon</source>
        <translation>Kein Symbol</translation>
    </message>
    <message>
        <source>One a line, up to four; shown in a new chat.</source>
        <translation>Eine je Zeile, bis zu vier; stehen in einem neuen Chat.</translation>
    </message>
    <message>
        <source>Opening questions</source>
        <translation>Eröffnungsfragen</translation>
    </message>
    <message>
        <source>Put into your message.</source>
        <translation>Wird in Ihre Nachricht gesetzt.</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Saved as {0}.</source>
        <translation>Als {0} gespeichert.</translation>
    </message>
    <message>
        <source>Saves all assistants and prompts to a file.</source>
        <translation>Speichert alle Assistenten und Prompts in eine Datei.</translation>
    </message>
    <message>
        <source>Sent before each chat: who it is, and how it answers.</source>
        <translation>Wird vor jedem Chat gesendet: wer er ist und wie er antwortet.</translation>
    </message>
    <message>
        <source>Stands beside its name.</source>
        <translation>Steht neben dem Namen.</translation>
    </message>
    <message>
        <source>Temperature</source>
        <translation>Temperatur</translation>
    </message>
    <message>
        <source>Text</source>
        <translation>Text</translation>
    </message>
    <message>
        <source>Top-p</source>
        <translation>Top-p</translation>
    </message>
    <message>
        <source>What the assistant is called.</source>
        <translation>Wie der Assistent heißt.</translation>
    </message>
    <message>
        <source>{0} added.</source>
        <translation>{0} hinzugefügt.</translation>
    </message>
    <message>
        <source>{0} could not be written ({1}).</source>
        <translation>{0} konnte nicht geschrieben werden ({1}).</translation>
    </message>
</context>
<context>
    <name>AttachFiles</name>
    <message>
        <source>A message can have {0} attachments. Remove one, or send the rest with your next message.</source>
        <translation>Eine Nachricht fasst {0} Anhänge. Entfernen Sie einen, oder senden Sie die übrigen mit der nächsten Nachricht.</translation>
    </message>
    <message>
        <source>A picture cannot be attached: the model reads text only.</source>
        <translation>Ein Bild lässt sich nicht anhängen: Das Modell liest nur Text.</translation>
    </message>
    <message>
        <source>Attach a folder</source>
        <translation>Einen Ordner anhängen</translation>
    </message>
    <message>
        <source>Attach files</source>
        <translation>Dateien anhängen</translation>
    </message>
    <message>
        <source>{0} is a model, so it can&apos;t be attached. Open it on the Models page.</source>
        <translation>{0} ist ein Modell und kein Anhang: Öffnen Sie es auf der Seite „Modelle“.</translation>
    </message>
</context>
<context>
    <name>AttachmentPage</name>
    <message>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Keeps the changes and closes this. Key: Escape.</source>
        <translation>Übernimmt die Änderungen und schließt dies. Taste: Escape.</translation>
    </message>
    <message>
        <source>Move into message</source>
        <translation>In die Nachricht setzen</translation>
    </message>
    <message>
        <source>Text of the attachment</source>
        <translation>Text des Anhangs</translation>
    </message>
    <message>
        <source>This is everything the model gets to see of it.</source>
        <translation>Das ist alles, was das Modell davon erfährt.</translation>
    </message>
    <message>
        <source>The model sees the text as you leave it here.</source>
        <translation>Das Modell sieht den Text so, wie Sie ihn hier lassen.</translation>
    </message>
    <message>
        <source>Moves this text into the message itself.</source>
        <translation>Schreibt diesen Text in die Nachricht selbst.</translation>
    </message>
</context>
<context>
    <name>AttachmentRow</name>
    <message>
        <source>Attachments</source>
        <translation>Anhänge</translation>
    </message>
</context>
<context>
    <name>BenchmarkPage</name>
    <message>
        <source>Benchmark</source>
        <translation>Benchmark</translation>
    </message>
    <message>
        <source>Beside llama.cpp&apos;s kernels</source>
        <translation>Neben llama.cpps Kernels</translation>
    </message>
    <message>
        <source>Beside llama.cpp&apos;s kernels on the same weights (TQ2_0)</source>
        <translation>Neben llama.cpps Kernels auf denselben Gewichten (TQ2_0)</translation>
    </message>
    <message>
        <source>Beside what the memory allows an engine that reads everything</source>
        <translation>Neben dem, was der Speicher einem Programm erlaubt, das alles liest</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Cancelled.</source>
        <translation>Abgebrochen.</translation>
    </message>
    <message>
        <source>Earlier runs on this computer</source>
        <translation>Frühere Läufe auf diesem Computer</translation>
    </message>
    <message>
        <source>It could not be saved: {0}.</source>
        <translation>Es konnte nicht gespeichert werden: {0}.</translation>
    </message>
    <message>
        <source>Long prompts and contexts too</source>
        <translation>Auch lange Prompts und Kontexte</translation>
    </message>
    <message>
        <source>Measures the open model on this computer. Leave the computer alone meanwhile: what else runs makes the figures smaller.</source>
        <translation>Misst das geöffnete Modell auf diesem Computer. Lassen Sie den Computer solange in Ruhe: Was sonst läuft, macht die Zahlen kleiner.</translation>
    </message>
    <message>
        <source>Memory by part</source>
        <translation>Speicher nach Teilen</translation>
    </message>
    <message>
        <source>Progress</source>
        <translation>Fortschritt</translation>
    </message>
    <message>
        <source>Reading, by length of the prompt</source>
        <translation>Lesen, nach Länge des Prompts</translation>
    </message>
    <message>
        <source>Run the benchmark</source>
        <translation>Benchmark starten</translation>
    </message>
    <message>
        <source>Save as JSON…</source>
        <translation>Als JSON speichern …</translation>
    </message>
    <message>
        <source>Save as Markdown…</source>
        <translation>Als Markdown speichern …</translation>
    </message>
    <message>
        <source>Save picture…</source>
        <translation>Bild speichern …</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>Wird angehalten …</translation>
    </message>
    <message>
        <source>Takes a few seconds with this model.</source>
        <translation>Dauert mit diesem Modell einige Sekunden.</translation>
    </message>
    <message>
        <source>Takes about a minute with two cores, less with more.</source>
        <translation>Dauert mit zwei Kernen etwa eine Minute, mit mehr weniger.</translation>
    </message>
    <message>
        <source>Takes about three minutes with two cores, less with more.</source>
        <translation>Dauert mit zwei Kernen etwa drei Minuten, mit mehr weniger.</translation>
    </message>
    <message>
        <source>The comparison takes about as long again.</source>
        <translation>Der Vergleich dauert noch einmal etwa so lange.</translation>
    </message>
    <message>
        <source>Writing, by context before it</source>
        <translation>Schreiben, nach Kontext davor</translation>
    </message>
    <message>
        <source>after {0} tokens</source>
        <translation>nach {0} Token</translation>
    </message>
    <message>
        <source>the limit</source>
        <translation>die Grenze</translation>
    </message>
    <message>
        <source>this model</source>
        <translation>dieses Modell</translation>
    </message>
    <message>
        <source>tokens/s</source>
        <translation>Token/s</translation>
    </message>
    <message>
        <source>{0} tokens</source>
        <translation>{0} Token</translation>
    </message>
</context>
<context>
    <name>ChatController</name>
    <message>
        <source>1 message deleted.</source>
        <translation>1 Nachricht gelöscht.</translation>
    </message>
    <message>
        <source>About {0} left.</source>
        <translation>Noch etwa {0}.</translation>
    </message>
    <message>
        <source>After this reply…</source>
        <translation>Nach dieser Antwort…</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Compare versions</source>
        <translation>Fassungen vergleichen</translation>
    </message>
    <message>
        <source>Get BitNet</source>
        <translation>BitNet holen</translation>
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
        <source>Part {0} of {1}: {2}</source>
        <translation>Teil {0} von {1}: {2}</translation>
    </message>
    <message>
        <source>Private chat</source>
        <translation>Privater Chat</translation>
    </message>
    <message>
        <source>Putting the summaries together…</source>
        <translation>Die Zusammenfassungen werden verbunden …</translation>
    </message>
    <message>
        <source>Reading part {0} of {1}…</source>
        <translation>Teil {0} von {1} wird gelesen …</translation>
    </message>
    <message>
        <source>Reading… {0} of {1} tokens</source>
        <translation>Liest … {0} von {1} Token</translation>
    </message>
    <message>
        <source>Reply</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>Send when this reply ends</source>
        <translation>Senden geht, sobald diese Antwort fertig ist</translation>
    </message>
    <message>
        <source>Sent when this reply ends</source>
        <translation>Wird nach dieser Antwort gesendet</translation>
    </message>
    <message>
        <source>Sent when this reply ends, if this chat is open then</source>
        <translation>Wird nach dieser Antwort gesendet, falls dieser Chat dann offen ist</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Stopping…</source>
        <translation>Wird gestoppt …</translation>
    </message>
    <message>
        <source>Summarize when this reply ends</source>
        <translation>Nach dieser Antwort zusammenfassen</translation>
    </message>
    <message>
        <source>Summarize {0} in pieces.</source>
        <translation>Fasse {0} stückweise zusammen.</translation>
    </message>
    <message>
        <source>Summary of the whole</source>
        <translation>Zusammenfassung des Ganzen</translation>
    </message>
    <message>
        <source>Tern&apos;s guide</source>
        <translation>Der Guide von Tern</translation>
    </message>
    <message>
        <source>The built-in guide can&apos;t read files. Your message stays here until you choose BitNet.</source>
        <translation>Der eingebaute Guide kann keine Dateien lesen. Ihre Nachricht bleibt hier, bis Sie BitNet wählen.</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Noch einmal</translation>
    </message>
    <message>
        <source>Unknown model</source>
        <translation>Unbekanntes Modell</translation>
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
        <source>With another model</source>
        <translation>Mit einem anderen Modell</translation>
    </message>
    <message>
        <source>With another preset</source>
        <translation>Mit einer anderen Voreinstellung</translation>
    </message>
    <message>
        <source>You are editing an earlier message. Sending it begins a new version; the old one stays.</source>
        <translation>Sie bearbeiten eine frühere Nachricht. Beim Senden entsteht eine neue Fassung; die alte bleibt.</translation>
    </message>
    <message>
        <source>Your message will be sent as soon as the model is ready.</source>
        <translation>Ihre Nachricht geht hinaus, sobald das Modell bereit ist.</translation>
    </message>
    <message>
        <source>{0} messages deleted.</source>
        <translation>{0} Nachrichten gelöscht.</translation>
    </message>
    <message>
        <source>{0} on llama.cpp&apos;s kernels</source>
        <translation>{0} auf llama.cpps Kernels</translation>
    </message>
</context>
<context>
    <name>ChatPanel</name>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Close (Esc)</source>
        <translation>Schließen (Esc)</translation>
    </message>
    <message>
        <source>Closes this panel. Key: Escape.</source>
        <translation>Schließt diese Leiste. Taste: Escape.</translation>
    </message>
</context>
<context>
    <name>Chip</name>
    <message>
        <source>1 token</source>
        <translation>1 Token</translation>
    </message>
    <message>
        <source>Read or edit it</source>
        <translation>Lesen oder bearbeiten</translation>
    </message>
    <message>
        <source>Show what the model sees</source>
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
    <name>ComparePage</name>
    <message>
        <source>Chooses which version stands here.</source>
        <translation>Wählt, welche Fassung hier steht.</translation>
    </message>
    <message>
        <source>Compare versions</source>
        <translation>Fassungen vergleichen</translation>
    </message>
    <message>
        <source>Continue with this one</source>
        <translation>Mit dieser fortfahren</translation>
    </message>
    <message>
        <source>Shows this version in the chat; the other stays.</source>
        <translation>Zeigt diese Fassung im Chat; die andere bleibt.</translation>
    </message>
    <message>
        <source>Version on the left</source>
        <translation>Fassung links</translation>
    </message>
    <message>
        <source>Version on the right</source>
        <translation>Fassung rechts</translation>
    </message>
</context>
<context>
    <name>Composer</name>
    <message>
        <source>Adds the text of files to your message. They can be dropped or pasted, too.</source>
        <translation>Fügt Ihrer Nachricht den Text von Dateien hinzu. Sie lassen sich auch ablegen oder einfügen.</translation>
    </message>
    <message>
        <source>Ask about Tern…</source>
        <translation>Fragen Sie nach Tern …</translation>
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
    <name>ContextFit</name>
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
        <source>Shorten the system prompt, or raise the context size in Settings.</source>
        <translation>Kürzen Sie den System-Prompt, oder vergrößern Sie den Kontext in den Einstellungen.</translation>
    </message>
    <message>
        <source>Shorten the system prompt.</source>
        <translation>Kürzen Sie den System-Prompt.</translation>
    </message>
    <message>
        <source>The system prompt is too long: it takes {0} tokens, and the model can take {1} at a time, your message included.</source>
        <translation>Der System-Prompt ist zu lang: Er braucht {0} Token, und das Modell fasst {1} auf einmal, Ihre Nachricht eingerechnet.</translation>
    </message>
    <message>
        <source>This message is too long to send: it takes {0} tokens, and the model can take {1} at a time.</source>
        <translation>Diese Nachricht ist zu lang zum Senden: Sie braucht {0} Token, und das Modell fasst {1} auf einmal.</translation>
    </message>
    <message>
        <source>Write your question first.</source>
        <translation>Schreiben Sie zuerst Ihre Frage.</translation>
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
    <name>ContextMeter</name>
    <message>
        <source>Context: {0}</source>
        <translation>Kontext: {0}</translation>
    </message>
    <message>
        <source>How much of the model&apos;s context this chat and your message use.</source>
        <translation>Wie viel vom Kontext des Modells dieses Gespräch und Ihre Nachricht einnehmen.</translation>
    </message>
    <message>
        <source>{0} tokens</source>
        <translation>{0} Token</translation>
    </message>
</context>
<context>
    <name>ConversationList</name>
    <message>
        <source>Menu for “{0}”</source>
        <translation>Menü zu „{0}“</translation>
    </message>
    <message>
        <source>Opens this chat&apos;s menu.</source>
        <translation>Öffnet das Menü dieses Chats.</translation>
    </message>
</context>
<context>
    <name>ConversationModel</name>
    <message>
        <source>Last message: {0}</source>
        <translation>Letzte Nachricht: {0}</translation>
    </message>
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
        <source>open</source>
        <translation>geöffnet</translation>
    </message>
    <message>
        <source>pinned</source>
        <translation>angeheftet</translation>
    </message>
</context>
<context>
    <name>ConversationsController</name>
    <message>
        <source>Close private chat</source>
        <translation>Privaten Chat schließen</translation>
    </message>
    <message>
        <source>Pin this chat</source>
        <translation>Chat anheften</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>The private chat will be gone for good.</source>
        <translation>Der private Chat ist dann endgültig weg.</translation>
    </message>
    <message>
        <source>Unpin this chat</source>
        <translation>Chat lösen</translation>
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
    <name>CrashPage</name>
    <message>
        <source>Copy</source>
        <translation>Kopieren</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Einzelheiten</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>Ordner öffnen</translation>
    </message>
    <message>
        <source>Report</source>
        <translation>Bericht</translation>
    </message>
    <message>
        <source>Tern closed unexpectedly last time. Your chats are all here.</source>
        <translation>Tern wurde beim letzten Mal unerwartet beendet. Ihre Chats sind alle da.</translation>
    </message>
    <message>
        <source>Tern closed unexpectedly last time. Your chats are all here; one reply was cut off.</source>
        <translation>Tern wurde beim letzten Mal unerwartet beendet. Ihre Chats sind alle da; eine Antwort wurde abgeschnitten.</translation>
    </message>
    <message>
        <source>Tern closed unexpectedly last time. Your chats are all here; {0} replies were cut off.</source>
        <translation>Tern wurde beim letzten Mal unerwartet beendet. Ihre Chats sind alle da; {0} Antworten wurden abgeschnitten.</translation>
    </message>
    <message>
        <source>This report stays on this computer and holds no message of yours. Send it to whoever helps you.</source>
        <translation>Dieser Bericht bleibt auf diesem Computer und enthält keine Ihrer Nachrichten. Senden Sie ihn an jemanden, der Ihnen hilft.</translation>
    </message>
    <message>
        <source>What happened</source>
        <translation>Was geschehen ist</translation>
    </message>
    <message>
        <source>of the log</source>
        <translation>des Protokolls</translation>
    </message>
    <message>
        <source>the report</source>
        <translation>den Bericht</translation>
    </message>
</context>
<context>
    <name>DataSection</name>
    <message numerus="yes">
        <source>%n backup(s), the newest from {0}.</source>
        <translation>
            <numerusform>%n Sicherung, die neueste vom {0}.</numerusform>
            <numerusform>%n Sicherungen, die neueste vom {0}.</numerusform>
        </translation>
    </message>
    <message>
        <source>Chats take {0}.</source>
        <translation>Die Chats belegen {0}.</translation>
    </message>
    <message>
        <source>Delete all chats</source>
        <translation>Alle Chats löschen</translation>
    </message>
    <message>
        <source>No backup yet; one is made every day.</source>
        <translation>Noch keine Sicherung; sie wird täglich angelegt.</translation>
    </message>
    <message>
        <source>Open folder</source>
        <translation>Ordner öffnen</translation>
    </message>
    <message>
        <source>Your data</source>
        <translation>Ihre Daten</translation>
    </message>
    <message>
        <source>where chats, models and backups are</source>
        <translation>mit Chats, Modellen und Sicherungen</translation>
    </message>
</context>
<context>
    <name>DeletedPage</name>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Back (Esc)</source>
        <translation>Zurück (Esc)</translation>
    </message>
    <message>
        <source>Brings the selected chats back as they were.</source>
        <translation>Holt die ausgewählten Chats zurück, wie sie waren.</translation>
    </message>
    <message>
        <source>Delete now</source>
        <translation>Jetzt löschen</translation>
    </message>
    <message numerus="yes">
        <source>Deleted %n days ago</source>
        <translation>
            <numerusform>Vor %n Tag gelöscht</numerusform>
            <numerusform>Vor %n Tagen gelöscht</numerusform>
        </translation>
    </message>
    <message>
        <source>Deleted chats</source>
        <translation>Gelöschte Chats</translation>
    </message>
    <message>
        <source>Deleted today</source>
        <translation>Heute gelöscht</translation>
    </message>
    <message>
        <source>Deleted yesterday</source>
        <translation>Gestern gelöscht</translation>
    </message>
    <message>
        <source>Empty</source>
        <translation>Leeren</translation>
    </message>
    <message>
        <source>Enter reads a chat. Shift and arrow keys select several.</source>
        <translation>Die Eingabetaste zeigt einen Chat. Umschalt mit den Pfeiltasten wählt mehrere aus.</translation>
    </message>
    <message>
        <source>Erases all deleted chats for good, after asking once.</source>
        <translation>Löscht alle gelöschten Chats endgültig; Sie werden einmal gefragt.</translation>
    </message>
    <message>
        <source>Erases the selected chats for good, after asking once.</source>
        <translation>Löscht die ausgewählten Chats endgültig; Sie werden einmal gefragt.</translation>
    </message>
    <message>
        <source>Goes back to where you were. Key: Escape.</source>
        <translation>Geht dorthin zurück, wo Sie waren. Taste: Esc.</translation>
    </message>
    <message>
        <source>Nothing to restore.</source>
        <translation>Es gibt nichts wiederherzustellen.</translation>
    </message>
    <message>
        <source>Read</source>
        <translation>Lesen</translation>
    </message>
    <message>
        <source>Recently deleted</source>
        <translation>Zuletzt gelöscht</translation>
    </message>
    <message>
        <source>Restore</source>
        <translation>Wiederherstellen</translation>
    </message>
    <message>
        <source>Shows the selected chat without restoring it.</source>
        <translation>Zeigt den ausgewählten Chat, ohne ihn wiederherzustellen.</translation>
    </message>
    <message>
        <source>These chats are about to be erased.</source>
        <translation>Diese Chats werden gleich endgültig gelöscht.</translation>
    </message>
    <message>
        <source>You can restore a chat for {0} days. After that it is erased for good.</source>
        <translation>Sie können einen Chat {0} Tage lang wiederherstellen. Danach wird er endgültig gelöscht.</translation>
    </message>
    <message>
        <source>{0} chats will be gone for good, from Tern&apos;s backups too.</source>
        <translation>{0} Chats sind dann endgültig weg, auch aus den Sicherungen.</translation>
    </message>
    <message>
        <source>“{0}” will be gone for good, from Tern&apos;s backups too.</source>
        <translation>„{0}“ ist dann endgültig weg, auch aus den Sicherungen.</translation>
    </message>
</context>
<context>
    <name>Deletions</name>
    <message>
        <source>Recently deleted</source>
        <translation>Zuletzt gelöscht</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>Rückgängig</translation>
    </message>
    <message>
        <source>{0} chats were deleted.</source>
        <translation>{0} Chats wurden gelöscht.</translation>
    </message>
    <message>
        <source>“{0}” was deleted.</source>
        <translation>„{0}“ wurde gelöscht.</translation>
    </message>
</context>
<context>
    <name>DownloadRow</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
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
        <source>Looking up the file…</source>
        <translation>Die Datei wird nachgeschlagen …</translation>
    </message>
    <message>
        <source>Pause</source>
        <translation>Pause</translation>
    </message>
    <message>
        <source>Deletes what has arrived of {0}.</source>
        <translation>Löscht, was von {0} schon da ist.</translation>
    </message>
    <message>
        <source>Discard download</source>
        <translation>Download verwerfen</translation>
    </message>
    <message>
        <source>Download stopped</source>
        <translation>Download abgebrochen</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Paused at {0}</source>
        <translation>Angehalten bei {0}</translation>
    </message>
    <message>
        <source>Progress of {0}</source>
        <translation>Fortschritt von {0}</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
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
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
</context>
<context>
    <name>EncodingButton</name>
    <message>
        <source>All encodings</source>
        <translation>Alle Kodierungen</translation>
    </message>
    <message>
        <source>Encoding of {0}: {1}</source>
        <translation>Kodierung von {0}: {1}</translation>
    </message>
    <message>
        <source>Read the file in another encoding, if its text looks wrong</source>
        <translation>Die Datei in einer anderen Kodierung lesen, falls ihr Text falsch aussieht</translation>
    </message>
</context>
<context>
    <name>FindBar</name>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Closes the find bar.</source>
        <translation>Schließt die Suchleiste.</translation>
    </message>
    <message>
        <source>Enter goes to the next match, Shift and Enter to the previous one, Escape closes.</source>
        <translation>Die Eingabetaste geht zum nächsten Treffer, mit Umschalt zum vorigen, Escape schließt.</translation>
    </message>
    <message>
        <source>Find in this chat</source>
        <translation>In diesem Chat suchen</translation>
    </message>
    <message>
        <source>Key: {0}.</source>
        <translation>Taste: {0}.</translation>
    </message>
    <message>
        <source>Next match</source>
        <translation>Nächster Treffer</translation>
    </message>
    <message>
        <source>No matches</source>
        <translation>Keine Treffer</translation>
    </message>
    <message>
        <source>Previous match</source>
        <translation>Voriger Treffer</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>{0} von {1}</translation>
    </message>
</context>
<context>
    <name>FirstModelCard</name>
    <message numerus="yes">
        <source>About %n word(s) a second on this computer: {0}.</source>
        <translation>
            <numerusform>Etwa %n Wort in der Sekunde auf diesem Computer: {0}.</numerusform>
            <numerusform>Etwa %n Wörter in der Sekunde auf diesem Computer: {0}.</numerusform>
        </translation>
    </message>
    <message>
        <source>Get {0}</source>
        <translation>{0} holen</translation>
    </message>
    <message>
        <source>Then it works without a network.</source>
        <translation>Danach geht es ohne Netz.</translation>
    </message>
    <message>
        <source>{0} to download; takes {1} of disk and {2} of memory.</source>
        <translation>{0} Download; belegt {1} auf der Festplatte und {2} Arbeitsspeicher.</translation>
    </message>
</context>
<context>
    <name>Greeting</name>
    <message>
        <source>Ask one of these, or anything.</source>
        <translation>Stellen Sie eine dieser Fragen oder irgendeine andere.</translation>
    </message>
    <message>
        <source>Hi, I&apos;m Tern&apos;s built-in guide.</source>
        <translation>Hallo, ich bin Terns eingebauter Guide.</translation>
    </message>
    <message>
        <source>I&apos;m tiny; I can tell you about Tern. For real conversations, get BitNet.</source>
        <translation>Ich bin winzig und kann Ihnen von Tern erzählen, auf Englisch. Für richtige Gespräche holen Sie sich BitNet.</translation>
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
    <name>GuideBar</name>
    <message>
        <source>Built-in guide</source>
        <translation>Eingebauter Guide</translation>
    </message>
    <message>
        <source>Dismiss</source>
        <translation>Ausblenden</translation>
    </message>
    <message>
        <source>Get BitNet</source>
        <translation>BitNet holen</translation>
    </message>
    <message>
        <source>Hides this bar until Tern is started again.</source>
        <translation>Blendet diese Leiste bis zum nächsten Start von Tern aus.</translation>
    </message>
    <message>
        <source>Opens Models.</source>
        <translation>Öffnet die Modelle.</translation>
    </message>
    <message>
        <source>Show download</source>
        <translation>Download zeigen</translation>
    </message>
    <message>
        <source>This is the small built-in guide. For real conversations, get BitNet.</source>
        <translation>Hier antwortet der kleine eingebaute Guide. Für richtige Gespräche holen Sie sich BitNet.</translation>
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
        <source>Opens the main menu.</source>
        <translation>Öffnet das Hauptmenü.</translation>
    </message>
    <message>
        <source>Private</source>
        <translation>Privat</translation>
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
        <source>Enter</source>
        <translation>Eingabe</translation>
    </message>
    <message>
        <source>Every key that does something in Tern.</source>
        <translation>Alle Tastenkürzel von Tern.</translation>
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
    <name>HoverBars</name>
    <message>
        <source>Copy this code</source>
        <translation>Diesen Code kopieren</translation>
    </message>
    <message>
        <source>Scroll this table sideways</source>
        <translation>Diese Tabelle seitwärts schieben</translation>
    </message>
</context>
<context>
    <name>HubSearch</name>
    <message>
        <source>Asking Hugging Face…</source>
        <translation>Hugging Face wird gefragt …</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Herunterladen</translation>
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
        <source>Find a model on Hugging Face</source>
        <translation>Ein Modell auf Hugging Face suchen</translation>
    </message>
    <message>
        <source>No matches. Try fewer words.</source>
        <translation>Keine Treffer. Versuchen Sie es mit weniger Wörtern.</translation>
    </message>
    <message>
        <source>Search words, or OWNER/REPO</source>
        <translation>Suchwörter oder OWNER/REPO</translation>
    </message>
    <message>
        <source>The files could not be listed</source>
        <translation>Die Dateien konnten nicht aufgelistet werden</translation>
    </message>
    <message>
        <source>The search failed</source>
        <translation>Die Suche ist fehlgeschlagen</translation>
    </message>
    <message>
        <source>Type words of a model&apos;s name, or OWNER/REPO as on its page.</source>
        <translation>Geben Sie Wörter aus dem Namen eines Modells ein, oder OWNER/REPO wie auf seiner Seite.</translation>
    </message>
    <message>
        <source>{0} · {1} downloads</source>
        <translation>{0} · {1} Downloads</translation>
    </message>
    <message>
        <source>Words of a model&apos;s name, or OWNER/REPO, or OWNER/REPO/FILE.gguf as on its page.</source>
        <translation>Wörter aus dem Namen eines Modells, oder OWNER/REPO, oder OWNER/REPO/DATEI.gguf wie auf seiner Seite.</translation>
    </message>
    <message>
        <source>a model on the hub</source>
        <translation>ein Modell im Hub</translation>
    </message>
    <message>
        <source>not stated</source>
        <translation>nicht angegeben</translation>
    </message>
    <message>
        <source>{0} has no GGUF file.</source>
        <translation>{0} hat keine GGUF-Datei.</translation>
    </message>
    <message>
        <source>{0} has no file {1}.</source>
        <translation>{0} hat keine Datei {1}.</translation>
    </message>
    <message>
        <source>{0} · licence: {1}</source>
        <translation>{0} · Lizenz: {1}</translation>
    </message>
</context>
<context>
    <name>ImportPage</name>
    <message>
        <source>What was left out, chat by chat</source>
        <translation>Was nicht mitkam, nach Gesprächen</translation>
    </message>
    <message>
        <source>What was imported</source>
        <translation>Was importiert wurde</translation>
    </message>
</context>
<context>
    <name>InsidePage</name>
    <message>
        <source>A corner of {0}, {1} x {2} weights. Three values carry 1.58 bits; the file takes {3} a weight.</source>
        <translation>Eine Ecke von {0}, {1} x {2} Gewichte. Drei Werte tragen 1,58 Bit; die Datei nimmt {3} je Gewicht.</translation>
    </message>
    <message>
        <source>A usual model keeps every weight as a number with 16 bits. In a BitNet each is -1, 0 or +1: multiplying becomes adding, subtracting or skipping.</source>
        <translation>Ein übliches Modell hält jedes Gewicht als Zahl mit 16 Bit. In einem BitNet ist jedes -1, 0 oder +1: Aus Malnehmen wird Addieren, Abziehen oder Auslassen.</translation>
    </message>
    <message>
        <source>Attention</source>
        <translation>Attention</translation>
    </message>
    <message>
        <source>Bytes read for a token</source>
        <translation>Gelesene Bytes für ein Token</translation>
    </message>
    <message>
        <source>Down</source>
        <translation>Down</translation>
    </message>
    <message>
        <source>Export as JSON…</source>
        <translation>Als JSON exportieren …</translation>
    </message>
    <message>
        <source>Gate</source>
        <translation>Gate</translation>
    </message>
    <message>
        <source>Head</source>
        <translation>Ausgabe (Head)</translation>
    </message>
    <message>
        <source>Inside the model</source>
        <translation>Das Modell von innen</translation>
    </message>
    <message>
        <source>It could not be saved: {0}.</source>
        <translation>Es konnte nicht gespeichert werden: {0}.</translation>
    </message>
    <message>
        <source>Layer</source>
        <translation>Schicht</translation>
    </message>
    <message>
        <source>On this computer: {0}</source>
        <translation>Auf diesem Computer: {0}</translation>
    </message>
    <message>
        <source>ReLU² turns most values inside a layer into zero. Tern reads neither the rows of “up” whose gate is zero nor the columns of “down” that would be multiplied by zero; the answer stays the same.</source>
        <translation>ReLU² macht die meisten Werte in einer Schicht zu null. Tern liest weder die Zeilen von „up“, deren Gate null ist, noch die Spalten von „down“, die mit null malgenommen würden; die Antwort bleibt dieselbe.</translation>
    </message>
    <message>
        <source>Read of each layer, percent</source>
        <translation>Von jeder Schicht gelesen, in Prozent</translation>
    </message>
    <message>
        <source>Send a message, and see here what is read for each token.</source>
        <translation>Senden Sie eine Nachricht; hier steht dann, was für jedes Token gelesen wird.</translation>
    </message>
    <message>
        <source>This model is no BitNet in Microsoft&apos;s format.</source>
        <translation>Dieses Modell ist kein BitNet in Microsofts Format.</translation>
    </message>
    <message>
        <source>Up</source>
        <translation>Up</translation>
    </message>
    <message>
        <source>Weights of this matrix by value</source>
        <translation>Gewichte dieser Matrix nach Wert</translation>
    </message>
    <message>
        <source>What is said, and what it means</source>
        <translation>Was gesagt wird und was es bedeutet</translation>
    </message>
    <message>
        <source>Which layer&apos;s weights are shown.</source>
        <translation>Die Schicht, deren Gewichte zu sehen sind.</translation>
    </message>
    <message>
        <source>columns of down</source>
        <translation>Spalten von down</translation>
    </message>
    <message>
        <source>layer {0}</source>
        <translation>Schicht {0}</translation>
    </message>
    <message>
        <source>not available</source>
        <translation>nicht verfügbar</translation>
    </message>
    <message>
        <source>rows of up</source>
        <translation>Zeilen von up</translation>
    </message>
    <message>
        <source>{0} J a token</source>
        <translation>{0} J je Token</translation>
    </message>
    <message>
        <source>{0} ms a token</source>
        <translation>{0} ms je Token</translation>
    </message>
    <message>
        <source>{0} of ternary weights</source>
        <translation>{0} ternäre Gewichte</translation>
    </message>
    <message>
        <source>{0} read for this token</source>
        <translation>{0} für dieses Token gelesen</translation>
    </message>
    <message>
        <source>{0}% since the model was opened</source>
        <translation>{0} % seit dem Öffnen des Modells</translation>
    </message>
    <message>
        <source>{0}% zeros</source>
        <translation>{0} % Nullen</translation>
    </message>
    <message>
        <source>{0}% zeros before “down” in this token</source>
        <translation>{0} % Nullen vor „down“ bei diesem Token</translation>
    </message>
</context>
<context>
    <name>InstrumentPanel</name>
    <message>
        <source>Benchmark</source>
        <translation>Benchmark</translation>
    </message>
    <message>
        <source>By a counter of this computer; never an estimate.</source>
        <translation>Von einem Zähler dieses Computers; nie geschätzt.</translation>
    </message>
    <message>
        <source>Context</source>
        <translation>Kontext</translation>
    </message>
    <message>
        <source>Energy</source>
        <translation>Energie</translation>
    </message>
    <message>
        <source>First word</source>
        <translation>Erstes Wort</translation>
    </message>
    <message>
        <source>From sending until the reply begins: the time to read the prompt.</source>
        <translation>Vom Senden bis zum Beginn der Antwort: die Zeit, den Prompt zu lesen.</translation>
    </message>
    <message>
        <source>How busy each of Tern&apos;s threads is.</source>
        <translation>Wie sehr jeder von Terns Threads beschäftigt ist.</translation>
    </message>
    <message>
        <source>Inside the model</source>
        <translation>Das Modell von innen</translation>
    </message>
    <message>
        <source>Instruments</source>
        <translation>Instrumente</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>Memory by part</source>
        <translation>Speicher nach Teilen</translation>
    </message>
    <message>
        <source>Model in memory</source>
        <translation>Modell im Speicher</translation>
    </message>
    <message>
        <source>Not available</source>
        <translation>Nicht verfügbar</translation>
    </message>
    <message>
        <source>Processor</source>
        <translation>Prozessor</translation>
    </message>
    <message>
        <source>Processor by thread</source>
        <translation>Prozessor nach Threads</translation>
    </message>
    <message>
        <source>Reading {0}</source>
        <translation>Lesen {0}</translation>
    </message>
    <message>
        <source>Since Tern was started</source>
        <translation>Seit dem Start von Tern</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>Tempo</translation>
    </message>
    <message>
        <source>Speed of each reply</source>
        <translation>Tempo jeder Antwort</translation>
    </message>
    <message>
        <source>Speed over the reply</source>
        <translation>Tempo über die Antwort hin</translation>
    </message>
    <message>
        <source>Tern&apos;s own</source>
        <translation>Terns eigener</translation>
    </message>
    <message>
        <source>Tern&apos;s own memory, and the model&apos;s file in memory, which the system may take back.</source>
        <translation>Terns eigener Speicher, und die Modelldatei im Speicher, die das System zurücknehmen darf.</translation>
    </message>
    <message>
        <source>The speed of each reply, one after another.</source>
        <translation>Das Tempo jeder Antwort, eine nach der anderen.</translation>
    </message>
    <message>
        <source>Thread {0}</source>
        <translation>Thread {0}</translation>
    </message>
    <message>
        <source>Tokens a second; a token is about ¾ of a word.</source>
        <translation>Token je Sekunde; ein Token ist etwa ein halbes bis drei viertel Wort.</translation>
    </message>
    <message>
        <source>Tokens of this chat that the model has in view.</source>
        <translation>Token dieses Chats, die das Modell vor sich hat.</translation>
    </message>
    <message>
        <source>With 16 bits a weight a model of this size needs {0}, with 4 bits {1}.</source>
        <translation>Mit 16 Bit je Gewicht braucht ein Modell dieser Größe {0}, mit 4 Bit {1}.</translation>
    </message>
    <message>
        <source>tokens/s</source>
        <translation>Token/s</translation>
    </message>
    <message>
        <source>{0} W at rest</source>
        <translation>{0} W in Ruhe</translation>
    </message>
    <message>
        <source>{0} now · {1} over the reply</source>
        <translation>jetzt {0} · {1} über die Antwort</translation>
    </message>
    <message>
        <source>{0} of a limit of {1}</source>
        <translation>{0} von höchstens {1}</translation>
    </message>
    <message>
        <source>{0} replies, {1} tokens</source>
        <translation>{0} Antworten, {1} Token</translation>
    </message>
    <message>
        <source>{0}, {1} left</source>
        <translation>{0}, noch {1}</translation>
    </message>
</context>
<context>
    <name>InstrumentsController</name>
    <message>
        <source>Benchmark</source>
        <translation>Benchmark</translation>
    </message>
    <message>
        <source>Inside the model</source>
        <translation>Das Modell von innen</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
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
    <name>LongDocument</name>
    <message>
        <source>1 passage fits · {0} tokens</source>
        <translation>1 Stelle passt · {0} Token</translation>
    </message>
    <message>
        <source>Do not use parts</source>
        <translation>Keine Auszüge verwenden</translation>
    </message>
    <message>
        <source>Goes back to the whole text.</source>
        <translation>Kehrt zum ganzen Text zurück.</translation>
    </message>
    <message>
        <source>Looking for the passages that fit…</source>
        <translation>Passende Stellen werden gesucht …</translation>
    </message>
    <message>
        <source>Now write your question.</source>
        <translation>Schreiben Sie nun Ihre Frage.</translation>
    </message>
    <message>
        <source>Reads all of it, piece by piece, and ends with a summary of the whole.</source>
        <translation>Liest alles, Stück für Stück, und endet mit einer Zusammenfassung des Ganzen.</translation>
    </message>
    <message>
        <source>Sends the passages that your question is about instead of the whole text.</source>
        <translation>Sendet statt des ganzen Textes die Stellen, um die es in Ihrer Frage geht.</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>Zeigen</translation>
    </message>
    <message>
        <source>Shows the passages that will be sent, and where they stand.</source>
        <translation>Zeigt die Stellen, die gesendet werden, und wo sie stehen.</translation>
    </message>
    <message>
        <source>Summarize in pieces</source>
        <translation>Stückweise zusammenfassen</translation>
    </message>
    <message>
        <source>There is no room for any passage: shorten your message.</source>
        <translation>Für keine Stelle ist Platz: Kürzen Sie Ihre Nachricht.</translation>
    </message>
    <message>
        <source>Too long to read at once: {0} tokens, {1} fit.</source>
        <translation>Zu lang, um auf einmal gelesen zu werden: {0} Token, {1} passen.</translation>
    </message>
    <message>
        <source>Use the parts that fit the question</source>
        <translation>Die zur Frage passenden Teile verwenden</translation>
    </message>
    <message>
        <source>{1} passages fit · {0} tokens</source>
        <translation>{1} Stellen passen · {0} Token</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Close what is open; with nothing open, stop the reply</source>
        <translation>Schließen, was offen ist; ist nichts offen, die Antwort stoppen</translation>
    </message>
    <message>
        <source>Edit the last message, in an empty composer; again: the one before</source>
        <translation>Die letzte Nachricht bearbeiten, wenn nichts geschrieben ist; noch einmal: die davor</translation>
    </message>
    <message>
        <source>New line</source>
        <translation>Neue Zeile</translation>
    </message>
    <message>
        <source>Paste a long text into the message itself</source>
        <translation>Einen langen Text in die Nachricht selbst einfügen</translation>
    </message>
    <message>
        <source>Private chat</source>
        <translation>Privater Chat</translation>
    </message>
    <message>
        <source>Send</source>
        <translation>Senden</translation>
    </message>
    <message>
        <source>The reply could not be finished</source>
        <translation>Die Antwort konnte nicht beendet werden</translation>
    </message>
    <message>
        <source>The reply is ready</source>
        <translation>Die Antwort ist fertig</translation>
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
        <source>Continue this reply</source>
        <translation>Diese Antwort fortsetzen</translation>
    </message>
    <message>
        <source>Edit this reply</source>
        <translation>Diese Antwort bearbeiten</translation>
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
        <source>Regenerate with another model or preset</source>
        <translation>Mit anderem Modell oder anderer Voreinstellung neu schreiben</translation>
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
    <name>ModelActions</name>
    <message>
        <source>All files (*)</source>
        <translation>Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Convert</source>
        <translation>Umwandeln</translation>
    </message>
    <message>
        <source>Copying {0}…</source>
        <translation>{0} wird kopiert …</translation>
    </message>
    <message>
        <source>Export for llama.cpp</source>
        <translation>Für llama.cpp exportieren</translation>
    </message>
    <message>
        <source>A newer version of {0} is available ({1}). It replaces this one.</source>
        <translation>Es gibt eine neuere Version von {0} ({1}). Sie ersetzt diese.</translation>
    </message>
    <message>
        <source>Another task is still running. Wait for it, or cancel it.</source>
        <translation>Eine andere Aufgabe läuft noch. Warten Sie, oder brechen Sie sie ab.</translation>
    </message>
    <message>
        <source>Cancelled. Nothing was changed.</source>
        <translation>Abgebrochen. Nichts wurde geändert.</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Herunterladen</translation>
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
        <source>Looking for a newer version of {0}…</source>
        <translation>Suche nach einer neueren Version von {0} …</translation>
    </message>
    <message>
        <source>Making a GGUF of {0}…</source>
        <translation>Aus {0} wird ein GGUF …</translation>
    </message>
    <message>
        <source>Repair</source>
        <translation>Reparieren</translation>
    </message>
    <message>
        <source>{0} is damaged: its file has changed. Import an intact copy.</source>
        <translation>{0} ist beschädigt: Die Datei wurde verändert. Importieren Sie eine unbeschädigte Kopie.</translation>
    </message>
    <message>
        <source>{0} is damaged: its file has changed. Only the damaged parts need downloading again.</source>
        <translation>{0} ist beschädigt: Die Datei wurde verändert. Nur die beschädigten Teile müssen neu geladen werden.</translation>
    </message>
    <message>
        <source>{0} is intact (hash verified).</source>
        <translation>{0} ist unbeschädigt (Prüfsumme stimmt).</translation>
    </message>
    <message>
        <source>{0} is ready (hash verified).</source>
        <translation>{0} ist bereit (Prüfsumme stimmt).</translation>
    </message>
    <message>
        <source>{0} is up to date.</source>
        <translation>{0} ist aktuell.</translation>
    </message>
    <message>
        <source>{0} moved to trash.</source>
        <translation>{0} in den Papierkorb verschoben.</translation>
    </message>
    <message>
        <source>{0} removed from the list. Your file stays where it is.</source>
        <translation>{0} aus der Liste entfernt. Ihre Datei bleibt, wo sie ist.</translation>
    </message>
    <message>
        <source>{0} was copied into Tern&apos;s folder. Your file stays where it is.</source>
        <translation>{0} wurde in den Ordner von Tern kopiert. Ihre Datei bleibt, wo sie ist.</translation>
    </message>
    <message>
        <source>{0} written ({1}). Every weight and scale was read back and is identical.</source>
        <translation>{0} geschrieben ({1}). Alle Gewichte und Skalen wurden zurückgelesen und sind identisch.</translation>
    </message>
    <message>
        <source>Models (*.gguf *.GGUF sha256-*)</source>
        <translation>Modelle (*.gguf *.GGUF sha256-*)</translation>
    </message>
    <message>
        <source>Models (*.gguf)</source>
        <translation>Modelle (*.gguf)</translation>
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
</context>
<context>
    <name>ModelsController</name>
    <message numerus="yes">
        <source>%n download(s) are paused.</source>
        <translation>
            <numerusform>%n Download ist angehalten.</numerusform>
            <numerusform>%n Downloads sind angehalten.</numerusform>
        </translation>
    </message>
    <message>
        <source>A download is running. Pause it first.</source>
        <translation>Ein Download läuft. Halten Sie ihn zuerst an.</translation>
    </message>
    <message>
        <source>Another model was chosen in the meantime.</source>
        <translation>Inzwischen wurde im Fenster ein anderes Modell gewählt.</translation>
    </message>
    <message>
        <source>Chat with it</source>
        <translation>Damit chatten</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Moving the models…</source>
        <translation>Modelle werden verschoben…</translation>
    </message>
    <message>
        <source>Resume</source>
        <translation>Fortsetzen</translation>
    </message>
    <message>
        <source>Tern&apos;s guide</source>
        <translation>Der Guide von Tern</translation>
    </message>
    <message>
        <source>The disk with your models ({0}) is not connected, so the built-in guide answers.</source>
        <translation>Das Laufwerk mit Ihren Modellen ({0}) ist nicht angeschlossen, deshalb antwortet der eingebaute Guide.</translation>
    </message>
    <message>
        <source>The download is complete</source>
        <translation>Der Download ist fertig</translation>
    </message>
    <message>
        <source>The download of {0} is paused at {1}.</source>
        <translation>Der Download von {0} ist bei {1} angehalten.</translation>
    </message>
    <message>
        <source>The download stopped</source>
        <translation>Der Download wurde abgebrochen</translation>
    </message>
    <message>
        <source>The model is still being opened.</source>
        <translation>Das Modell wird noch geöffnet.</translation>
    </message>
    <message>
        <source>The models have been moved.</source>
        <translation>Die Modelle wurden verschoben.</translation>
    </message>
    <message>
        <source>The models have been moved. Some of what lay in {0} could not be deleted.</source>
        <translation>Die Modelle wurden verschoben. Einiges in {0} konnte nicht gelöscht werden.</translation>
    </message>
    <message>
        <source>The race is for BitNet models: llama.cpp computes this one anyway.</source>
        <translation>Das Rennen ist für BitNet-Modelle: Dieses rechnet ohnehin llama.cpp.</translation>
    </message>
    <message>
        <source>This computer computes wrong answers with {0}. Tern uses its slower, exact kernels instead.</source>
        <translation>Dieser Computer rechnet mit {0} falsch. Tern verwendet stattdessen seine langsameren, exakten Kernel.</translation>
    </message>
    <message>
        <source>{0} is ready (hash verified).</source>
        <translation>{0} ist bereit (Prüfsumme stimmt).</translation>
    </message>
    <message>
        <source>The model {0} is gone, so the built-in guide answers.</source>
        <translation>Das Modell {0} ist nicht mehr da, deshalb antwortet der eingebaute Guide.</translation>
    </message>
</context>
<context>
    <name>ModelsFolderSection</name>
    <message>
        <source>Folder to move the models into</source>
        <translation>Ordner, in den die Modelle verschoben werden</translation>
    </message>
    <message>
        <source>Models folder</source>
        <translation>Modellordner</translation>
    </message>
    <message>
        <source>Move back</source>
        <translation>Zurückverschieben</translation>
    </message>
    <message>
        <source>Move…</source>
        <translation>Verschieben…</translation>
    </message>
    <message>
        <source>That disk is not connected. Connect it, then start Tern again.</source>
        <translation>Dieses Laufwerk ist nicht angeschlossen. Schließen Sie es an und starten Sie Tern dann neu.</translation>
    </message>
    <message>
        <source>all models, for instance to another disk</source>
        <translation>alle Modelle, zum Beispiel auf ein anderes Laufwerk</translation>
    </message>
    <message>
        <source>all models, to where Tern keeps its data</source>
        <translation>alle Modelle, dorthin, wo Tern seine Daten hat</translation>
    </message>
</context>
<context>
    <name>ModelsPage</name>
    <message numerus="yes">
        <source>%n model(s)</source>
        <translation>
            <numerusform>%n Modell</numerusform>
            <numerusform>%n Modelle</numerusform>
        </translation>
    </message>
    <message>
        <source>Available to download</source>
        <translation>Zum Herunterladen</translation>
    </message>
    <message>
        <source>Find on Hugging Face</source>
        <translation>Auf Hugging Face suchen</translation>
    </message>
    <message>
        <source>Folder of safetensors…</source>
        <translation>Ordner mit Safetensors …</translation>
    </message>
    <message>
        <source>GGUF file…</source>
        <translation>GGUF-Datei …</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>Importieren …</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Models for research and conversion.</source>
        <translation>Modelle für Forschung und Umwandlung.</translation>
    </message>
    <message>
        <source>More models ({0})</source>
        <translation>Weitere Modelle ({0})</translation>
    </message>
    <message>
        <source>Network log</source>
        <translation>Netzwerkprotokoll</translation>
    </message>
    <message>
        <source>On this computer</source>
        <translation>Auf diesem Computer</translation>
    </message>
    <message>
        <source>Only the built-in guide so far · {0}</source>
        <translation>Bisher nur der eingebaute Guide · {0}</translation>
    </message>
    <message>
        <source>Your models could not be listed</source>
        <translation>Ihre Modelle konnten nicht aufgelistet werden</translation>
    </message>
    <message>
        <source>every connection made, and your access token</source>
        <translation>alle Verbindungen und Ihr Zugangstoken</translation>
    </message>
    <message>
        <source>models you already have</source>
        <translation>Modelle, die Sie schon haben</translation>
    </message>
    <message>
        <source>{0} free</source>
        <translation>{0} frei</translation>
    </message>
    <message>
        <source>{0} is ready (hash verified).</source>
        <translation>{0} ist bereit (Prüfsumme stimmt).</translation>
    </message>
    <message>
        <source>{0} used</source>
        <translation>{0} belegt</translation>
    </message>
    <message>
        <source>{0} used, including {1} of speed cache</source>
        <translation>{0} belegt, davon {1} Beschleunigungs-Cache</translation>
    </message>
</context>
<context>
    <name>NetworkSection</name>
    <message numerus="yes">
        <source>%n connection(s) to {0}; {1} received. A search is listed with the words that were sent.</source>
        <translation>
            <numerusform>%n Verbindung zu {0}; {1} empfangen. Eine Suche steht mit den gesendeten Wörtern in der Liste.</numerusform>
            <numerusform>%n Verbindungen zu {0}; {1} empfangen. Eine Suche steht mit den gesendeten Wörtern in der Liste.</numerusform>
        </translation>
    </message>
    <message>
        <source>Answer</source>
        <translation>Antwort</translation>
    </message>
    <message>
        <source>Asking the system&apos;s keyring…</source>
        <translation>Der Schlüsselbund des Systems wird gefragt …</translation>
    </message>
    <message>
        <source>Connections, newest first</source>
        <translation>Verbindungen, die neueste zuerst</translation>
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
        <source>Network log</source>
        <translation>Netzwerkprotokoll</translation>
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
        <source>Only private and gated models need one.</source>
        <translation>Nur private und geschützte Modelle brauchen eins.</translation>
    </message>
    <message>
        <source>Received</source>
        <translation>Empfangen</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>Entfernen</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>Speichern</translation>
    </message>
    <message>
        <source>Tern has never opened a connection.</source>
        <translation>Tern hat noch nie eine Verbindung geöffnet.</translation>
    </message>
    <message>
        <source>The system&apos;s keyring does not answer, so nothing is known of a token in it. Unlock it, then open the settings again.</source>
        <translation>Der Schlüsselbund des Systems antwortet nicht, daher ist nicht bekannt, ob ein Token darin liegt. Entsperren Sie ihn und öffnen Sie dann die Einstellungen erneut.</translation>
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
        <source>the token</source>
        <translation>das Token</translation>
    </message>
</context>
<context>
    <name>NewerVersionPage</name>
    <message>
        <source>As whoever published that version wrote it.</source>
        <translation>So, wie es geschrieben hat, wer die Version veröffentlicht hat.</translation>
    </message>
    <message>
        <source>Asks once more.</source>
        <translation>Fragt noch einmal.</translation>
    </message>
    <message>
        <source>Look for a newer version</source>
        <translation>Nach einer neueren Version suchen</translation>
    </message>
    <message>
        <source>Looking…</source>
        <translation>Sucht…</translation>
    </message>
    <message>
        <source>Open the download page</source>
        <translation>Download-Seite öffnen</translation>
    </message>
    <message>
        <source>Opens that page in your browser.</source>
        <translation>Öffnet diese Seite in Ihrem Browser.</translation>
    </message>
    <message>
        <source>Tern {0} is available. This is {1}.</source>
        <translation>Tern {0} ist verfügbar. Dies ist {1}.</translation>
    </message>
    <message>
        <source>Tern {0} is the newest version.</source>
        <translation>Tern {0} ist die neueste Version.</translation>
    </message>
    <message>
        <source>This is Tern {0}. This copy does not know where newer ones are published; look where you got it.</source>
        <translation>Dies ist Tern {0}. Diese Kopie weiß nicht, wo neuere veröffentlicht werden; sehen Sie dort nach, wo Sie sie herhaben.</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <source>What is new</source>
        <translation>Was neu ist</translation>
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
        <source>Error</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Hides this notice.</source>
        <translation>Blendet diesen Hinweis aus.</translation>
    </message>
    <message>
        <source>Notice</source>
        <translation>Hinweis</translation>
    </message>
    <message>
        <source>What the notice says.</source>
        <translation>Was der Hinweis sagt.</translation>
    </message>
</context>
<context>
    <name>PageHeader</name>
    <message>
        <source>Goes back to the chat.</source>
        <translation>Führt zurück zum Chat.</translation>
    </message>
</context>
<context>
    <name>Palette</name>
    <message>
        <source>Enter does what is chosen.</source>
        <translation>Eingabe tut, was gewählt ist.</translation>
    </message>
    <message>
        <source>Find actions, settings and chats</source>
        <translation>Befehle, Einstellungen und Chats finden</translation>
    </message>
    <message>
        <source>No matches.</source>
        <translation>Keine Treffer.</translation>
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
        <source>Chooses this chat&apos;s system prompt and the sampling that suits it.</source>
        <translation>Wählt für diesen Chat einen System-Prompt und die passende Auswahl der Wörter.</translation>
    </message>
    <message>
        <source>Custom</source>
        <translation>Angepasst</translation>
    </message>
    <message>
        <source>Customize…</source>
        <translation>Anpassen …</translation>
    </message>
    <message>
        <source>Preset of this chat</source>
        <translation>Voreinstellung dieses Chats</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>Vorlage</translation>
    </message>
    <message>
        <source>Assistants and prompts…</source>
        <translation>Assistenten und Prompts …</translation>
    </message>
    <message>
        <source>Preset: {0}</source>
        <translation>Vorlage: {0}</translation>
    </message>
</context>
<context>
    <name>PrivateLine</name>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Close private chat</source>
        <translation>Privaten Chat schließen</translation>
    </message>
    <message>
        <source>Closes the private chat. Nothing of it is kept.</source>
        <translation>Schließt den privaten Chat; nichts davon bleibt.</translation>
    </message>
    <message>
        <source>Private</source>
        <translation>Privat</translation>
    </message>
    <message>
        <source>Private: nothing is saved. It is gone when you close it.</source>
        <translation>Privat: Nichts davon bleibt, wenn Sie schließen.</translation>
    </message>
</context>
<context>
    <name>PrivateRow</name>
    <message>
        <source>Close private chat</source>
        <translation>Privaten Chat schließen</translation>
    </message>
    <message>
        <source>Closes the private chat. Nothing of it is kept.</source>
        <translation>Schließt den privaten Chat; nichts davon bleibt.</translation>
    </message>
    <message>
        <source>Goes back to the private chat.</source>
        <translation>Geht zum privaten Chat zurück.</translation>
    </message>
    <message>
        <source>Private chat</source>
        <translation>Privater Chat</translation>
    </message>
</context>
<context>
    <name>PromptList</name>
    <message>
        <source>Edit assistants and prompts…</source>
        <translation>Assistenten und Prompts bearbeiten …</translation>
    </message>
    <message>
        <source>Enter puts the prompt into your message.</source>
        <translation>Eingabe setzt den Prompt in Ihre Nachricht.</translation>
    </message>
    <message>
        <source>Prompts</source>
        <translation>Prompts</translation>
    </message>
    <message>
        <source>{0} prompts</source>
        <translation>{0} Prompts</translation>
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
        <source>Network: {0}</source>
        <translation>Netz: {0}</translation>
    </message>
    <message>
        <source>Speed</source>
        <translation>Tempo</translation>
    </message>
    <message>
        <source>Tokens a second of the reply.</source>
        <translation>Token in der Sekunde in dieser Antwort.</translation>
    </message>
</context>
<context>
    <name>ReplyFiles</name>
    <message>
        <source>HTML files</source>
        <translation>HTML-Dateien</translation>
    </message>
    <message>
        <source>PDF files</source>
        <translation>PDF-Dateien</translation>
    </message>
    <message>
        <source>Save this reply</source>
        <translation>Diese Antwort speichern</translation>
    </message>
    <message>
        <source>Saved as {0}.</source>
        <translation>Als {0} gespeichert.</translation>
    </message>
    <message>
        <source>{0} could not be written ({1}).</source>
        <translation>{0} konnte nicht geschrieben werden ({1}).</translation>
    </message>
</context>
<context>
    <name>ReplyOptionsPage</name>
    <message>
        <source>Chat settings</source>
        <translation>Chat-Einstellungen</translation>
    </message>
    <message>
        <source>Custom</source>
        <translation>Angepasst</translation>
    </message>
    <message>
        <source>Delete</source>
        <translation>Löschen</translation>
    </message>
    <message>
        <source>Deletes this preset. The chat keeps its settings.</source>
        <translation>Löscht diese Vorlage. Der Chat behält ihre Werte.</translation>
    </message>
    <message>
        <source>Enter saves what is set below under this name.</source>
        <translation>Die Eingabetaste speichert die Werte darunter unter diesem Namen.</translation>
    </message>
    <message>
        <source>Fewer options</source>
        <translation>Weniger Optionen</translation>
    </message>
    <message>
        <source>It can then be chosen for any chat.</source>
        <translation>Sie lässt sich danach für jeden Chat wählen.</translation>
    </message>
    <message>
        <source>More options</source>
        <translation>Weitere Optionen</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>Vorlage</translation>
    </message>
    <message>
        <source>Preset name</source>
        <translation>Name der Vorlage</translation>
    </message>
    <message>
        <source>Save as preset</source>
        <translation>Als Vorlage speichern</translation>
    </message>
    <message>
        <source>Sets the system prompt and the sampling below.</source>
        <translation>Setzt den System-Prompt und die Auswahlregeln darunter.</translation>
    </message>
    <message>
        <source>Shows or hides what most people never change.</source>
        <translation>Zeigt oder verbirgt, was selten geändert wird.</translation>
    </message>
</context>
<context>
    <name>ReplyPage</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Edit this reply</source>
        <translation>Diese Antwort bearbeiten</translation>
    </message>
    <message>
        <source>Keeps the changed reply. Key: Ctrl+Enter.</source>
        <translation>Behält die geänderte Antwort. Taste: Strg+Eingabe.</translation>
    </message>
    <message>
        <source>Leaves the reply as it is. Key: Escape.</source>
        <translation>Lässt die Antwort, wie sie ist. Taste: Esc.</translation>
    </message>
    <message>
        <source>Save as new version</source>
        <translation>Als neue Fassung speichern</translation>
    </message>
    <message>
        <source>Saved as a new version; the old one stays. The model takes it for its own.</source>
        <translation>Wird als neue Fassung gespeichert; die alte bleibt. Das Modell hält sie für seine eigene.</translation>
    </message>
    <message>
        <source>Text of the reply</source>
        <translation>Text der Antwort</translation>
    </message>
</context>
<context>
    <name>ReplyQueue</name>
    <message>
        <source>Stopped after {0} of {1} parts.</source>
        <translation>Nach {0} von {1} Teilen angehalten.</translation>
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
    <name>SettingsController</name>
    <message>
        <source>This system has no notification area.</source>
        <translation>Dieses System hat keinen Infobereich.</translation>
    </message>
    <message>
        <source>data folder disk backups export delete all chats</source>
        <translation>daten ordner speicherort festplatte sicherungen export löschen alle Chats</translation>
    </message>
    <message>
        <source>models folder move another disk drive external location path</source>
        <translation>Modellordner verschieben anderes Laufwerk Festplatte extern Ort Pfad</translation>
    </message>
    <message>
        <source>network log connections token hugging face</source>
        <translation>netzwerk protokoll verbindungen token hugging face</translation>
    </message>
</context>
<context>
    <name>SettingsPage</name>
    <message>
        <source>No matches.</source>
        <translation>Keine Treffer.</translation>
    </message>
    <message>
        <source>Search the settings</source>
        <translation>Einstellungen durchsuchen</translation>
    </message>
    <message>
        <source>Sections</source>
        <translation>Bereiche</translation>
    </message>
    <message>
        <source>Shows only the settings that have these words.</source>
        <translation>Zeigt nur die Einstellungen, die diese Wörter enthalten.</translation>
    </message>
    <message>
        <source>Its settings are shown beside it.</source>
        <translation>Die Einstellungen des gewählten Bereichs erscheinen daneben.</translation>
    </message>
</context>
<context>
    <name>ShareCard</name>
    <message>
        <source>Result as a picture</source>
        <translation>Ergebnis als Bild</translation>
    </message>
    <message>
        <source>Threads: {0} · {1}</source>
        <translation>Threads: {0} · {1}</translation>
    </message>
    <message>
        <source>joules a token</source>
        <translation>Joule je Token</translation>
    </message>
    <message>
        <source>of memory</source>
        <translation>Speicher</translation>
    </message>
    <message>
        <source>on the CPU, offline, with Tern</source>
        <translation>auf der CPU, offline, mit Tern</translation>
    </message>
    <message>
        <source>tokens a second</source>
        <translation>Token je Sekunde</translation>
    </message>
    <message>
        <source>words a minute</source>
        <translation>Wörter je Minute</translation>
    </message>
</context>
<context>
    <name>Sheet</name>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Close (Esc)</source>
        <translation>Schließen (Esc)</translation>
    </message>
    <message>
        <source>Closes this. Key: Escape.</source>
        <translation>Schließt dies. Taste: Escape.</translation>
    </message>
</context>
<context>
    <name>SideSlider</name>
    <message>
        <source>Shows the ends of long lines.</source>
        <translation>Zeigt die Enden langer Zeilen.</translation>
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
        <source>Delete {0} chats</source>
        <translation>{0} Chats löschen</translation>
    </message>
    <message>
        <source>Enter opens, F2 renames, Delete deletes. Shift and arrow keys select several.</source>
        <translation>Die Eingabetaste öffnet, F2 benennt um, Entf löscht. Umschalt mit den Pfeiltasten wählt mehrere aus.</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>Exportieren …</translation>
    </message>
    <message>
        <source>Searches every chat. Down goes to the results.</source>
        <translation>Findet Wörter in allen Gesprächen. Ab führt zu den Treffern.</translation>
    </message>
    <message>
        <source>Marks the search field.</source>
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
        <source>Pin</source>
        <translation>Anheften</translation>
    </message>
    <message>
        <source>Your chats will appear here.</source>
        <translation>Hier erscheinen Ihre Chats.</translation>
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
        <source>Search all chats (Ctrl+Shift+F)</source>
        <translation>Alle Chats durchsuchen (Strg+Umschalt+F)</translation>
    </message>
    <message>
        <source>Unpin</source>
        <translation>Lösen</translation>
    </message>
</context>
<context>
    <name>Sparkline</name>
    <message>
        <source>A curve of tokens a second.</source>
        <translation>Eine Kurve der Token in der Sekunde.</translation>
    </message>
    <message>
        <source>Speed of the latest tokens</source>
        <translation>Tempo der letzten Token</translation>
    </message>
</context>
<context>
    <name>StageCanvas</name>
    <message>
        <source>Stage</source>
        <translation>Bühne</translation>
    </message>
</context>
<context>
    <name>StageController</name>
    <message numerus="yes">
        <source>%n thread(s)</source>
        <translation>
            <numerusform>%n Thread</numerusform>
            <numerusform>%n Threads</numerusform>
        </translation>
    </message>
    <message>
        <source>By itself: any key stops</source>
        <translation>Von selbst: jede Taste hält an</translation>
    </message>
    <message>
        <source>CPU only</source>
        <translation>Nur CPU</translation>
    </message>
    <message>
        <source>Memory {0}</source>
        <translation>Speicher {0}</translation>
    </message>
    <message>
        <source>No model is open yet.</source>
        <translation>Es ist noch kein Modell geöffnet.</translation>
    </message>
    <message>
        <source>Press 1 to 5, or ask something in Tern&apos;s window.</source>
        <translation>Drücken Sie 1 bis 5, oder fragen Sie etwas in Terns Fenster.</translation>
    </message>
    <message>
        <source>Run a prompt or a race first.</source>
        <translation>Lassen Sie erst eine Frage oder ein Rennen laufen.</translation>
    </message>
    <message>
        <source>Save animation</source>
        <translation>Animation speichern</translation>
    </message>
    <message>
        <source>Save picture</source>
        <translation>Bild speichern</translation>
    </message>
    <message>
        <source>Saved as {0}.</source>
        <translation>Gespeichert als {0}.</translation>
    </message>
    <message>
        <source>Saving {0}</source>
        <translation>{0} wird gespeichert</translation>
    </message>
    <message>
        <source>Shown at {0} words a second, so that it can be read. The figures are the guide&apos;s true speed.</source>
        <translation>Mit {0} Wörtern in der Sekunde gezeigt, zum Mitlesen. Die Zahlen sind sein wahres Tempo.</translation>
    </message>
    <message>
        <source>Tern&apos;s guide</source>
        <translation>Terns Guide</translation>
    </message>
    <message>
        <source>Waiting for the reply in Tern&apos;s window…</source>
        <translation>Wartet auf die Antwort in Terns Fenster …</translation>
    </message>
    <message>
        <source>Written in {0}. Reading it takes you {1}.</source>
        <translation>Geschrieben in {0}. Zum Lesen brauchen Sie {1}.</translation>
    </message>
    <message>
        <source>{0} J a token</source>
        <translation>{0} J pro Token</translation>
    </message>
</context>
<context>
    <name>StageWindow</name>
    <message>
        <source>Stage</source>
        <translation>Bühne</translation>
    </message>
    <message>
        <source>Tern: the stage</source>
        <translation>Tern: die Bühne</translation>
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
        <source>Stop allowing it</source>
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
        <source>Conversation</source>
        <translation>Gespräch</translation>
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
        <source>Copy formula (TeX)</source>
        <translation>Formel kopieren (TeX)</translation>
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
        <source>Edit this reply</source>
        <translation>Diese Antwort bearbeiten</translation>
    </message>
    <message>
        <source>Jump to latest</source>
        <translation>Zum Neuesten</translation>
    </message>
    <message>
        <source>Loading earlier messages…</source>
        <translation>Frühere Nachrichten werden geladen …</translation>
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
        <source>Print…</source>
        <translation>Drucken …</translation>
    </message>
    <message>
        <source>Regenerate</source>
        <translation>Neu schreiben</translation>
    </message>
    <message>
        <source>Regenerate with another model or preset…</source>
        <translation>Mit anderem Modell oder anderer Voreinstellung neu schreiben …</translation>
    </message>
    <message>
        <source>Save as HTML…</source>
        <translation>Als HTML speichern …</translation>
    </message>
    <message>
        <source>Save as PDF…</source>
        <translation>Als PDF speichern …</translation>
    </message>
    <message>
        <source>Scrolls to the end of the chat.</source>
        <translation>Rollt ans Ende des Gesprächs.</translation>
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
        <source>Show more ({0} of {1} characters are shown)</source>
        <translation>Mehr zeigen ({0} von {1} Zeichen sind zu sehen)</translation>
    </message>
    <message>
        <source>What you and the model wrote, oldest first.</source>
        <translation>Was Sie und das Modell gesagt haben, das Älteste zuerst.</translation>
    </message>
    <message>
        <source>Wrap long lines</source>
        <translation>Lange Zeilen umbrechen</translation>
    </message>
</context>
<context>
    <name>Transfer</name>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Cancelled; nothing was changed.</source>
        <translation>Abgebrochen; nichts wurde geändert.</translation>
    </message>
    <message>
        <source>Conversations</source>
        <translation>Gespräche</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>Näheres</translation>
    </message>
    <message>
        <source>Exported to {0}.</source>
        <translation>Exportiert nach {0}.</translation>
    </message>
    <message>
        <source>Exporting…</source>
        <translation>Wird exportiert …</translation>
    </message>
    <message>
        <source>Importing…</source>
        <translation>Wird importiert …</translation>
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
    <name>Trouble</name>
    <message>
        <source>Error</source>
        <translation>Fehler</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>Erneut versuchen</translation>
    </message>
    <message>
        <source>what went wrong</source>
        <translation>was schiefging</translation>
    </message>
</context>
<context>
    <name>WeightPixels</name>
    <message>
        <source>Red is -1, blank is 0, the accent colour is +1.</source>
        <translation>Rot ist -1, leer ist 0, die Akzentfarbe ist +1.</translation>
    </message>
    <message>
        <source>Weights as pixels</source>
        <translation>Gewichte als Bildpunkte</translation>
    </message>
</context>
<context>
    <name>_Title</name>
    <message>
        <source>Enter saves the title, Escape keeps the old one.</source>
        <translation>Die Eingabetaste speichert ihn, Escape lässt ihn, wie er war.</translation>
    </message>
    <message>
        <source>Renames this chat. Key: F2.</source>
        <translation>Benennt diesen Chat um. Taste: F2.</translation>
    </message>
    <message>
        <source>Rename (F2)</source>
        <translation>Umbenennen (F2)</translation>
    </message>
    <message>
        <source>Title of this chat</source>
        <translation>Titel dieses Chats</translation>
    </message>
</context>
<context>
    <name>attachment_text</name>
    <message>
        <source>1 unreadable character</source>
        <translation>1 unlesbares Zeichen</translation>
    </message>
    <message>
        <source>Pasted: {0}</source>
        <translation>Eingefügt: {0}</translation>
    </message>
    <message>
        <source>parts</source>
        <translation>Auszüge</translation>
    </message>
    <message>
        <source>{0} unreadable characters</source>
        <translation>{0} unlesbare Zeichen</translation>
    </message>
</context>
<context>
    <name>calibration</name>
    <message>
        <source>A tern can live for thirty years. In that time it flies as far as to the moon and back, three times over, and it sees more daylight than any other being on earth. Nobody teaches the young ones the way. They know it from the stars, from the sun, and from the pull of the earth itself, and most of them come back to the very island on which they hatched. People on the northern coasts wait for them every spring: when the terns are here, they say, the winter is over.</source>
        <translation>Eine Seeschwalbe kann dreißig Jahre alt werden. In dieser Zeit fliegt sie so weit wie dreimal zum Mond und zurück, und sie sieht mehr Tageslicht als jedes andere Wesen auf der Erde. Niemand zeigt den Jungen den Weg. Sie kennen ihn von den Sternen, von der Sonne und vom Zug der Erde selbst, und die meisten kehren auf eben die Insel zurück, auf der sie geschlüpft sind. An den nördlichen Küsten warten die Menschen jedes Frühjahr auf sie: Wenn die Seeschwalben da sind, sagen sie, ist der Winter vorbei.</translation>
    </message>
    <message>
        <source>Read as you always do. After 30 seconds the text stops. The space bar begins.</source>
        <translation>Lesen Sie wie immer. Nach 30 Sekunden hält der Text an. Die Leertaste beginnt.</translation>
    </message>
    <message>
        <source>Read on until the line above is full. All read? Press the space bar.</source>
        <translation>Lesen Sie weiter, bis die Linie oben voll ist. Alles gelesen? Drücken Sie die Leertaste.</translation>
    </message>
    <message>
        <source>Terns do not take the shortest way. They follow the winds, which blow in great circles over the oceans, and so they draw a line like the letter S around half of the globe. In the middle of the Atlantic they stop for some weeks to eat. From there some follow the coast of Africa, others that of South America. In November all of them reach the edge of the ice around the South Pole, where it is summer now.</source>
        <translation>Seeschwalben nehmen nicht den kürzesten Weg. Sie folgen den Winden, die in großen Kreisen über die Ozeane wehen, und ziehen so eine Linie wie der Buchstabe S um den halben Globus. Mitten im Atlantik halten sie einige Wochen an, um zu fressen. Von dort folgen manche der Küste Afrikas, andere der von Südamerika. Im November erreichen alle den Rand des Eises um den Südpol, wo nun Sommer ist.</translation>
    </message>
    <message>
        <source>The arctic tern weighs about as much as a small apple, and no animal travels farther. It hatches in the far north in June, when the sun does not set. Its parents feed it with small fish for three weeks; then it can fly. By the end of August it leaves with them, over the sea, towards the south.</source>
        <translation>Die Küstenseeschwalbe wiegt etwa so viel wie ein kleiner Apfel, und kein Tier reist weiter. Sie schlüpft im Juni im hohen Norden, wenn die Sonne nicht untergeht. Ihre Eltern füttern sie drei Wochen lang mit kleinen Fischen; dann kann sie fliegen. Ende August bricht sie mit ihnen auf, über das Meer, nach Süden.</translation>
    </message>
    <message>
        <source>There they rest on the floes, and change their feathers. Food is near: where ice melts, the water is full of small crabs and fish. When the days become short they set out again, and this time they hurry. The way back takes them about forty days. A bird that carried a tiny recorder on its leg flew more than ninety thousand kilometres in one year.</source>
        <translation>Dort ruhen sie auf den Schollen und wechseln ihr Gefieder. Nahrung ist nah: Wo Eis schmilzt, ist das Wasser voll von kleinen Krebsen und Fischen. Wenn die Tage kurz werden, brechen sie wieder auf, und diesmal haben sie es eilig. Für den Rückweg brauchen sie etwa vierzig Tage. Ein Vogel, der einen winzigen Rekorder am Bein trug, flog in einem Jahr mehr als neunzigtausend Kilometer.</translation>
    </message>
    <message>
        <source>Which word did you read last? Click it or go there with the arrows, then Enter: {0}</source>
        <translation>Welches Wort haben Sie zuletzt gelesen? Klicken oder Pfeiltasten, dann Eingabe: {0}</translation>
    </message>
    <message>
        <source>You read {0} words a minute. Tern compares with that from now on. Enter goes back.</source>
        <translation>Sie lesen {0} Wörter in der Minute. Damit vergleicht Tern von nun an. Eingabe führt zurück.</translation>
    </message>
    <message>
        <source>Your reading pace</source>
        <translation>Ihr Lesetempo</translation>
    </message>
</context>
<context>
    <name>catalogue</name>
    <message>
        <source>A research model trained ternary from the start: it continues texts and was never taught to chat.</source>
        <translation>Ein Forschungsmodell, von Anfang an ternär trainiert: Es setzt Texte fort und hat nie das Chatten gelernt.</translation>
    </message>
    <message>
        <source>A small model made ternary after its training; Falcon-E 1B is half its size.</source>
        <translation>Ein kleines Modell, das nach dem Training ternär gemacht wurde; Falcon-E 1B ist halb so groß.</translation>
    </message>
    <message>
        <source>An experiment by Hugging Face that continues texts rather than chatting.</source>
        <translation>Ein Versuch von Hugging Face: Es schreibt eher Texte weiter, als zu chatten.</translation>
    </message>
    <message>
        <source>Better answers in several languages, for the size of BitNet 2B4T; slower than it.</source>
        <translation>Bessere Antworten in mehreren Sprachen bei der Größe von BitNet 2B4T; langsamer als dieses.</translation>
    </message>
    <message>
        <source>English</source>
        <translation>Englisch</translation>
    </message>
    <message>
        <source>English and others, as Qwen3</source>
        <translation>Englisch und andere, wie Qwen3</translation>
    </message>
    <message>
        <source>Everyday conversation, explaining, drafting and small sums, entirely on your CPU.</source>
        <translation>Alltagsgespräche, Erklärungen, Entwürfe und kleine Rechnungen, ganz auf Ihrer CPU.</translation>
    </message>
    <message>
        <source>Instructions and everyday questions, in little memory.</source>
        <translation>Anweisungen und Alltagsfragen bei wenig Arbeitsspeicher.</translation>
    </message>
    <message>
        <source>Longer reasoning, on a computer with 8 GB of memory or more.</source>
        <translation>Längere Gedankengänge, auf Computern mit mindestens 8 GB Arbeitsspeicher.</translation>
    </message>
    <message>
        <source>Science and maths in short answers.</source>
        <translation>Wissenschaft und Mathematik in kurzen Antworten.</translation>
    </message>
    <message>
        <source>Short answers where memory is scarce.</source>
        <translation>Kurze Antworten bei knappem Arbeitsspeicher.</translation>
    </message>
    <message>
        <source>Ternary Bonsai 8B in llama.cpp&apos;s older ternary encoding, repacked by a third party.</source>
        <translation>Ternary Bonsai 8B in der älteren ternären Kodierung von llama.cpp, von Dritten neu gepackt.</translation>
    </message>
    <message>
        <source>The largest of its family; slow on a laptop.</source>
        <translation>Das größte seiner Familie; auf einem Laptop langsam.</translation>
    </message>
    <message>
        <source>The same again in 300 MB less, a little slower.</source>
        <translation>Dasselbe mit 300 MB weniger, etwas langsamer.</translation>
    </message>
    <message>
        <source>The same weights, for people who have this file already: Tern turns it into a GGUF on this computer. Its scales are rounded to BF16, so prefer the GGUF.</source>
        <translation>Dieselben Gewichte, für alle, die diese Datei schon haben: Tern macht auf diesem Computer eine GGUF-Datei daraus. Die Skalen sind auf BF16 gerundet; nehmen Sie lieber die GGUF-Datei.</translation>
    </message>
    <message>
        <source>Harder questions, on a computer with 8 GB of memory or more; several times slower than BitNet 2B4T.</source>
        <translation>Schwerere Fragen, auf einem Computer mit 8 GB Arbeitsspeicher oder mehr; mehrmals langsamer als BitNet 2B4T.</translation>
    </message>
    <message>
        <source>The smallest download that still chats.</source>
        <translation>Der kleinste Download, der noch chattet.</translation>
    </message>
    <message>
        <source>Training and fine-tuning; Tern rounds it to ternary as the paper does and makes a GGUF. About one weight in a hundred then differs from the official file.</source>
        <translation>Training und Feinabstimmung; Tern rundet wie im Paper auf ternär und macht eine GGUF-Datei. Etwa jedes hundertste Gewicht weicht dann von der offiziellen Datei ab.</translation>
    </message>
    <message>
        <source>languages other than English, long calculations, current events and obscure facts.</source>
        <translation>andere Sprachen als Englisch, lange Rechnungen, aktuelle Ereignisse und seltenes Wissen.</translation>
    </message>
    <message>
        <source>mainly English</source>
        <translation>vor allem Englisch</translation>
    </message>
</context>
<context>
    <name>context_line</name>
    <message>
        <source>The model can&apos;t see messages above this line.</source>
        <translation>Das Modell sieht die Nachrichten über dieser Linie nicht mehr.</translation>
    </message>
</context>
<context>
    <name>conversation_dates</name>
    <message>
        <source>Yesterday</source>
        <translation>Gestern</translation>
    </message>
    <message>
        <source>d MMM</source>
        <translation>d. MMM</translation>
    </message>
    <message>
        <source>d MMM yyyy</source>
        <translation>d. MMM yyyy</translation>
    </message>
</context>
<context>
    <name>downloads</name>
    <message>
        <source>Checking what is here already…</source>
        <translation>Prüft, was schon hier ist …</translation>
    </message>
    <message>
        <source>Repairing…</source>
        <translation>Wird repariert …</translation>
    </message>
    <message>
        <source>Verifying…</source>
        <translation>Wird geprüft …</translation>
    </message>
    <message>
        <source>{0} left</source>
        <translation>noch {0}</translation>
    </message>
    <message>
        <source>{0} of {1}</source>
        <translation>{0} von {1}</translation>
    </message>
</context>
<context>
    <name>errors</name>
    <message>
        <source>That is the model itself. Choose another file.</source>
        <translation>Das ist das Modell selbst. Wählen Sie eine andere Datei.</translation>
    </message>
    <message>
        <source>Tern is already open with its data in {folder}, but its window does not answer. Close that one first, or choose another folder with --data-dir DIR.</source>
        <translation>Tern ist mit seinen Daten in {folder} schon offen, aber sein Fenster antwortet nicht. Schließen Sie zuerst jenes, oder wählen Sie mit --data-dir ORDNER einen anderen Ordner.</translation>
    </message>
    <message>
        <source>A TQ1_0 tensor of {rows} x {cols} weights cannot have {size} bytes.</source>
        <translation>Ein TQ1_0-Tensor aus {rows} x {cols} Gewichten kann nicht {size} Bytes haben.</translation>
    </message>
    <message>
        <source>A TQ2_0 tensor of {rows} x {cols} weights cannot have {size} bytes.</source>
        <translation>Ein TQ2_0-Tensor aus {rows} x {cols} Gewichten kann nicht {size} Bytes haben.</translation>
    </message>
    <message>
        <source>A q8_0 KV cache needs heads of a multiple of 32; this model has {head_dim}.</source>
        <translation>Ein KV-Cache in q8_0 braucht Köpfe mit einem Vielfachen von 32; dieses Modell hat {head_dim}.</translation>
    </message>
    <message>
        <source>An I2_S tensor of {rows} x {cols} weights cannot have {size} bytes.</source>
        <translation>Ein I2_S-Tensor aus {rows} x {cols} Gewichten kann nicht {size} Bytes haben.</translation>
    </message>
    <message>
        <source>Another Tern is fetching {file} already. Wait for it, or stop it there.</source>
        <translation>Ein anderes Tern holt {file} schon. Warten Sie darauf, oder halten Sie es dort an.</translation>
    </message>
    <message>
        <source>HF_HUB_OFFLINE is set, so Tern opened no connection. Unset that variable to use the network.</source>
        <translation>HF_HUB_OFFLINE ist gesetzt, deshalb hat Tern keine Verbindung geöffnet. Löschen Sie diese Variable, um das Netz zu benutzen.</translation>
    </message>
    <message>
        <source>More of {file} came than it is large.</source>
        <translation>Von {file} kam mehr, als es groß ist.</translation>
    </message>
    <message>
        <source>Something went wrong inside Tern while fetching. The details are in its log; try again.</source>
        <translation>In Tern ist beim Holen etwas schiefgegangen. Näheres steht im Protokoll; versuchen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>Something went wrong inside Tern; the details are in the log. Nothing was lost: please try again.</source>
        <translation>In Tern ist etwas schiefgegangen; Näheres steht im Protokoll. Nichts ging verloren: Bitte versuchen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>TERN_KERNEL={name} is not an instruction set Tern knows ({known}); unset it or choose one.</source>
        <translation>TERN_KERNEL={name} ist kein Befehlssatz, den Tern kennt ({known}); löschen Sie die Variable, oder wählen Sie einen.</translation>
    </message>
    <message>
        <source>Tern cannot create its folder {folder} ({reason}). Choose another with --data-dir DIR, or free the place.</source>
        <translation>Tern kann seinen Ordner {folder} nicht anlegen ({reason}). Wählen Sie mit --data-dir ORDNER einen anderen, oder machen Sie den Platz frei.</translation>
    </message>
    <message>
        <source>Tern cannot create {folder} ({reason}). Choose another place with --data-dir DIR.</source>
        <translation>Tern kann {folder} nicht anlegen ({reason}). Wählen Sie mit --data-dir ORDNER einen anderen Ort.</translation>
    </message>
    <message>
        <source>Tern cannot open your conversations in {path} ({error}). Free the disk or the folder&apos;s permissions and start Tern again; until then what you write is not kept.</source>
        <translation>Tern kann Ihre Gespräche in {path} nicht öffnen ({error}). Schaffen Sie Platz oder die nötigen Rechte, und starten Sie Tern neu; bis dahin wird nicht behalten, was Sie schreiben.</translation>
    </message>
    <message>
        <source>Tern could not save its settings in {path} ({reason}).</source>
        <translation>Tern konnte seine Einstellungen nicht in {path} sichern ({reason}).</translation>
    </message>
    <message>
        <source>Tern could not write in {folder} ({reason}).</source>
        <translation>Tern konnte nicht in {folder} schreiben ({reason}).</translation>
    </message>
    <message>
        <source>Tern could not write its vocabulary file {path} ({reason}).</source>
        <translation>Tern konnte seine Vokabulardatei {path} nicht schreiben ({reason}).</translation>
    </message>
    <message>
        <source>Tern could not write {path} ({reason}).</source>
        <translation>Tern konnte {path} nicht schreiben ({reason}).</translation>
    </message>
    <message>
        <source>Tern is set to work offline, so it opened no connection. Switch “Work offline” off in the settings first.</source>
        <translation>Tern ist auf Offline-Arbeit gestellt, deshalb hat es keine Verbindung geöffnet. Schalten Sie zuerst „Offline arbeiten“ in den Einstellungen ab.</translation>
    </message>
    <message>
        <source>Tern may not write in {folder} ({reason}). Change the folder&apos;s permissions, or choose another place with --data-dir DIR.</source>
        <translation>Tern darf nicht in {folder} schreiben ({reason}). Ändern Sie die Rechte des Ordners, oder wählen Sie mit --data-dir ORDNER einen anderen Ort.</translation>
    </message>
    <message>
        <source>Tern needs llama-cpp-python {version} exactly, but {installed} is installed. Run: pip install llama-cpp-python=={version}</source>
        <translation>Tern braucht genau llama-cpp-python {version}, aber {installed} ist installiert. Rufen Sie auf: pip install llama-cpp-python=={version}</translation>
    </message>
    <message>
        <source>Tern&apos;s compiled kernels ({name}) cannot be loaded on this system: install Tern again. ({error})</source>
        <translation>Die übersetzten Kernels von Tern ({name}) lassen sich auf diesem System nicht laden: Installieren Sie Tern neu. ({error})</translation>
    </message>
    <message>
        <source>Tern&apos;s compiled kernels are missing from this installation. Install Tern again (from a source checkout: run `make setup`).</source>
        <translation>Dieser Installation fehlen die übersetzten Kernels von Tern. Installieren Sie Tern neu (in einem Quelltext-Checkout: `make setup`).</translation>
    </message>
    <message>
        <source>Tern&apos;s compiled kernels have version {version}, but this Tern needs {needed}. Install Tern again (from a source checkout: run `make setup`).</source>
        <translation>Die übersetzten Kernels von Tern haben Version {version}, aber dieses Tern braucht {needed}. Installieren Sie Tern neu (in einem Quelltext-Checkout: `make setup`).</translation>
    </message>
    <message>
        <source>Tern&apos;s kernels were built for another version of llama.cpp. Install Tern again.</source>
        <translation>Die Kernels von Tern wurden für eine andere Version von llama.cpp gebaut. Installieren Sie Tern neu.</translation>
    </message>
    <message>
        <source>Tern&apos;s resources folder is missing. Install Tern again.</source>
        <translation>Terns Ordner mit den Ressourcen fehlt. Installieren Sie Tern neu.</translation>
    </message>
    <message>
        <source>That is not a token. Copy the whole of it from huggingface.co, Settings, Access Tokens.</source>
        <translation>Das ist kein Token. Kopieren Sie es ganz von huggingface.co, Settings, Access Tokens.</translation>
    </message>
    <message>
        <source>The answer from {host} cannot be understood ({error}). Try again, or use another mirror.</source>
        <translation>Die Antwort von {host} ist nicht zu verstehen ({error}). Versuchen Sie es noch einmal, oder nehmen Sie einen anderen Spiegel.</translation>
    </message>
    <message>
        <source>No model is open. Choose one, then send again.</source>
        <translation>Kein Modell ist geöffnet. Wählen Sie eines, und senden Sie dann noch einmal.</translation>
    </message>
    <message>
        <source>A context of {context:,} tokens takes {cache} of memory with {name}, and only {free} is free. Choose a smaller context, or close other programs.</source>
        <translation>Ein Kontext von {context:,} Token braucht mit {name} {cache} Arbeitsspeicher, und nur {free} sind frei. Wählen Sie einen kleineren Kontext, oder schließen Sie andere Programme.</translation>
    </message>
    <message>
        <source>A copy needs {size} in {folder}, where only {free} is free. Make room, or leave the file where it is with --link.</source>
        <translation>Eine Kopie braucht {size} in {folder}, wo nur {free} frei sind. Schaffen Sie Platz, oder lassen Sie die Datei mit --link, wo sie ist.</translation>
    </message>
    <message>
        <source>A copy of {name} cannot be written in {folder} ({reason}). Make room, or leave the file where it is with --link.</source>
        <translation>Eine Kopie von {name} kann nicht in {folder} geschrieben werden ({reason}). Schaffen Sie Platz, oder lassen Sie die Datei mit --link, wo sie ist.</translation>
    </message>
    <message>
        <source>SSL_CERT_DIR names {folder}, which is not a folder. Correct the variable, or unset it.</source>
        <translation>SSL_CERT_DIR nennt {folder}, und das ist kein Ordner. Berichtigen oder löschen Sie die Variable.</translation>
    </message>
    <message>
        <source>TERN_KERNEL={name} computes wrong answers on this computer. Unset it.</source>
        <translation>TERN_KERNEL={name} rechnet auf diesem Computer falsch. Entfernen Sie diese Variable.</translation>
    </message>
    <message>
        <source>Tern cannot use {name}: {what}. Choose another GGUF file, or fetch this one again.</source>
        <translation>Tern kann {name} nicht benutzen: {what}. Wählen Sie eine andere GGUF-Datei, oder laden Sie diese noch einmal.</translation>
    </message>
    <message>
        <source>Tern could not reach your conversations in {folder} ({reason}). Free some space on that disk, or make it reachable and writable, then try again.</source>
        <translation>Tern konnte Ihre Chats in {folder} nicht erreichen ({reason}). Schaffen Sie auf diesem Datenträger Platz, oder machen Sie ihn erreichbar und beschreibbar, und versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>Tern needs a processor with AVX2, and this one has none. Intel has built it in since 2013, AMD since 2015; some Pentium, Celeron and Atom processors lack it to this day.</source>
        <translation>Tern braucht einen Prozessor mit AVX2, und dieser hat keines. Intel baut es seit 2013 ein, AMD seit 2015; manchen Pentium-, Celeron- und Atom-Prozessoren fehlt es bis heute.</translation>
    </message>
    <message>
        <source>Tern&apos;s folder {folder} cannot be locked ({reason}). Do not open a second window with it: the two would disturb each other.</source>
        <translation>Terns Ordner {folder} lässt sich nicht sperren ({reason}). Öffnen Sie kein zweites Fenster damit: Die beiden würden einander stören.</translation>
    </message>
    <message>
        <source>The disk of {folder} does not take a file as large as this one; FAT32 ends at 4 GB. Choose another place with --data-dir DIR.</source>
        <translation>Der Datenträger von {folder} nimmt keine so große Datei an; FAT32 endet bei 4 GB. Wählen Sie mit --data-dir ORDNER einen anderen Platz.</translation>
    </message>
    <message>
        <source>The file changed on the server, so it begins again.</source>
        <translation>Die Datei hat sich auf dem Server geändert, darum beginnt sie von vorn.</translation>
    </message>
    <message>
        <source>The file of {name} is gone from {path}. Fetch or import it again.</source>
        <translation>Die Datei von {name} ist nicht mehr in {path}. Holen oder importieren Sie sie noch einmal.</translation>
    </message>
    <message>
        <source>The file with your conversations is damaged ({error}). Start Tern again: it goes back to its backup.</source>
        <translation>Die Datei mit Ihren Gesprächen ist beschädigt ({error}). Starten Sie Tern neu: Es kehrt zu seiner Sicherung zurück.</translation>
    </message>
    <message>
        <source>The file with your conversations is older than its backup {name}, so what was written in between is not in it. If you did not put an older file there yourself, close Tern and copy that backup over it: both are in {folder}.</source>
        <translation>Die Datei mit Ihren Chats ist älter als ihre Sicherung {name}; was dazwischen geschrieben wurde, fehlt darin. Wenn Sie nicht selbst eine ältere Datei dorthin gelegt haben, beenden Sie Tern und kopieren Sie die Sicherung darüber: Beide sind in {folder}.</translation>
    </message>
    <message>
        <source>The file with your conversations was damaged and there was no backup yet, so Tern began a new one. The damaged file is kept as {kept} in {folder}.</source>
        <translation>Die Datei mit Ihren Gesprächen war beschädigt, und es gab noch keine Sicherung; Tern hat deshalb eine neue begonnen. Die beschädigte Datei liegt als {kept} in {folder}.</translation>
    </message>
    <message>
        <source>The file with your conversations was damaged, so Tern went back to its backup of {when}. The damaged file is kept as {kept} in {folder}.</source>
        <translation>Die Datei mit Ihren Gesprächen war beschädigt; Tern ist deshalb zu seiner Sicherung vom {when} zurückgekehrt. Die beschädigte Datei liegt als {kept} in {folder}.</translation>
    </message>
    <message>
        <source>The folder {name} holds no file that Tern can read. It reads text, Markdown, code, CSV, PDF and DOCX.</source>
        <translation>Im Ordner {name} ist keine Datei, die Tern lesen kann. Gelesen werden Text, Markdown, Code, CSV, PDF und DOCX.</translation>
    </message>
    <message>
        <source>The hub does not say how large {repo}/{name} is, so it cannot be fetched safely.</source>
        <translation>Der Hub sagt nicht, wie groß {repo}/{name} ist, deshalb lässt es sich nicht sicher holen.</translation>
    </message>
    <message>
        <source>The hub names a file {file!r}, which Tern does not write to this disk.</source>
        <translation>Der Hub nennt eine Datei {file!r}, die Tern nicht auf diesen Datenträger schreibt.</translation>
    </message>
    <message>
        <source>The hub says something about {repo}/{name} that cannot be. Use another mirror.</source>
        <translation>Der Hub sagt über {repo}/{name} etwas, das nicht sein kann. Nehmen Sie einen anderen Spiegel.</translation>
    </message>
    <message>
        <source>The hub&apos;s address {address!r} cannot be used: it names no server, or its port is not a number up to 65535. Correct it in HF_ENDPOINT.</source>
        <translation>Die Adresse {address!r} des Hubs ist nicht brauchbar: Sie nennt keinen Server, oder ihr Port ist keine Zahl bis 65535. Berichtigen Sie sie in HF_ENDPOINT.</translation>
    </message>
    <message>
        <source>The hub&apos;s address {address!r} cannot be used: it names no server, or its port is not a number up to 65535. Correct it in the settings.</source>
        <translation>Die Adresse {address!r} des Hubs ist nicht brauchbar: Sie nennt keinen Server, oder ihr Port ist keine Zahl bis 65535. Berichtigen Sie sie in den Einstellungen.</translation>
    </message>
    <message>
        <source>The hub&apos;s address {address!r} does not begin with https://. Correct it in the settings.</source>
        <translation>Die Adresse {address!r} des Hubs beginnt nicht mit https://. Berichtigen Sie sie in den Einstellungen.</translation>
    </message>
    <message>
        <source>The index that Tern searches with was damaged. It has been made anew from your conversations, and nothing is lost. Please try again.</source>
        <translation>Der Index, mit dem Tern sucht, war beschädigt. Er wurde aus Ihren Chats neu angelegt, und nichts ist verloren. Bitte versuchen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>The installed ggml ({version}, tensors of {tensor_bytes} bytes) is not the one Tern was made for ({wanted}, {wanted_bytes}). Install Tern again.</source>
        <translation>Das installierte ggml ({version}, Tensoren mit {tensor_bytes} Bytes) ist nicht das, für das Tern gemacht ist ({wanted}, {wanted_bytes}). Installieren Sie Tern neu.</translation>
    </message>
    <message>
        <source>The log of connections {path} cannot be read ({reason}).</source>
        <translation>Das Protokoll der Verbindungen {path} lässt sich nicht lesen ({reason}).</translation>
    </message>
    <message>
        <source>The model&apos;s config.json has no usable {key}. Fetch it again.</source>
        <translation>Die config.json des Modells hat kein brauchbares {key}. Holen Sie sie noch einmal.</translation>
    </message>
    <message>
        <source>The model&apos;s tokenizer.json has more tokens than the {size:,} of its network.</source>
        <translation>Die tokenizer.json des Modells hat mehr Token als die {size:,} seines Netzes.</translation>
    </message>
    <message>
        <source>The model&apos;s tokenizer.json is not a byte-level BPE. Fetch it again.</source>
        <translation>Die tokenizer.json des Modells ist kein BPE auf Bytes. Holen Sie sie noch einmal.</translation>
    </message>
    <message>
        <source>The models are being moved. Try again when that is done.</source>
        <translation>Die Modelle werden gerade verschoben. Versuchen Sie es danach noch einmal.</translation>
    </message>
    <message>
        <source>The models are in {folder} already.</source>
        <translation>Die Modelle sind schon in {folder}.</translation>
    </message>
    <message>
        <source>The models could not be moved to {folder} ({reason}). They are where they were.</source>
        <translation>Die Modelle konnten nicht nach {folder} verschoben werden ({reason}). Sie sind, wo sie waren.</translation>
    </message>
    <message>
        <source>The models take {needed}, and {folder} has {free} free. Free some room, or choose another disk.</source>
        <translation>Die Modelle brauchen {needed}, und in {folder} sind {free} frei. Schaffen Sie Platz, oder wählen Sie ein anderes Laufwerk.</translation>
    </message>
    <message>
        <source>The packed weights hold a code that is not -1, 0 or +1: the file is damaged. Fetch it again.</source>
        <translation>Die gepackten Gewichte enthalten einen Code, der nicht -1, 0 oder +1 ist: Die Datei ist beschädigt. Holen Sie sie noch einmal.</translation>
    </message>
    <message>
        <source>The picture could not be written to {path}. Choose another folder.</source>
        <translation>Das Bild konnte nicht nach {path} geschrieben werden. Wählen Sie einen anderen Ordner.</translation>
    </message>
    <message>
        <source>The process that Tern started to measure did not answer ({error}).</source>
        <translation>Der Prozess, den Tern zum Messen startete, antwortete nicht ({error}).</translation>
    </message>
    <message>
        <source>The process that Tern started to measure failed: {reason}</source>
        <translation>Der Prozess, den Tern zum Messen startete, ist gescheitert: {reason}</translation>
    </message>
    <message>
        <source>The proxy wants a name and a password (407). Write them into its address in the settings: http://NAME:PASSWORD@HOST:PORT</source>
        <translation>Der Proxy will einen Namen und ein Passwort (407). Schreiben Sie beides in den Einstellungen in seine Adresse: http://NAME:PASSWORD@HOST:PORT</translation>
    </message>
    <message>
        <source>The scale {name} is not a number above 0. Fetch the folder again.</source>
        <translation>Die Skala {name} ist keine Zahl über 0. Laden Sie den Ordner noch einmal herunter.</translation>
    </message>
    <message>
        <source>The setting {key} cannot be {value}, so Tern uses {default!r}.</source>
        <translation>Die Einstellung {key} kann nicht {value} sein; Tern nimmt deshalb {default!r}.</translation>
    </message>
    <message>
        <source>The system ended llama.cpp while it tried {name}, as it does when memory runs short. Close other programs and try again, or choose a smaller model.</source>
        <translation>Das System hat llama.cpp beendet, während es {name} erprobte, wie es das bei knappem Speicher tut. Schließen Sie andere Programme, und versuchen Sie es noch einmal, oder wählen Sie ein kleineres Modell.</translation>
    </message>
    <message>
        <source>The system&apos;s keyring did not give the token up ({kind}). Unlock it and try again.</source>
        <translation>Der Schlüsselbund des Systems gab das Token nicht heraus ({kind}). Entsperren Sie ihn, und versuchen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>The system&apos;s keyring refused the token ({kind}). Unlock it and try again.</source>
        <translation>Der Schlüsselbund des Systems nahm das Token nicht an ({kind}). Entsperren Sie ihn, und versuchen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>The tensor {name} holds values that are no numbers. Fetch the folder again.</source>
        <translation>Der Tensor {name} enthält Werte, die keine Zahlen sind. Laden Sie den Ordner noch einmal herunter.</translation>
    </message>
    <message>
        <source>The tensor {name} in {folder} has {sizes} values, not {wanted} as config.json says. Fetch that folder again.</source>
        <translation>Der Tensor {name} in {folder} hat {sizes} Werte, nicht {wanted}, wie config.json sagt. Laden Sie diesen Ordner noch einmal herunter.</translation>
    </message>
    <message>
        <source>The tensor {name} is of type {type}, not packed bytes (U8).</source>
        <translation>Der Tensor {name} ist vom Typ {type} und nicht aus gepackten Bytes (U8).</translation>
    </message>
    <message>
        <source>The tensor {name} is of type {type}, where numbers with a fraction are needed.</source>
        <translation>Der Tensor {name} ist vom Typ {type}, wo Zahlen mit Nachkommastellen nötig sind.</translation>
    </message>
    <message>
        <source>The token in the system&apos;s keyring has a character that no token can have ({letter!r}). Copy it anew from huggingface.co, Settings, Access Tokens.</source>
        <translation>Das Token im Schlüsselbund des Systems hat ein Zeichen, das kein Token haben kann ({letter!r}). Kopieren Sie es neu von huggingface.co, Settings, Access Tokens.</translation>
    </message>
    <message>
        <source>The token in the variable {variable} has a character that no token can have ({letter!r}). Copy it anew from huggingface.co, Settings, Access Tokens, or unset the variable.</source>
        <translation>Das Token in der Variablen {variable} hat ein Zeichen, das kein Token haben kann ({letter!r}). Kopieren Sie es neu von huggingface.co, Settings, Access Tokens, oder löschen Sie die Variable.</translation>
    </message>
    <message>
        <source>The token of your Hugging Face login has a character that no token can have ({letter!r}). Log in anew with `hf auth login`.</source>
        <translation>Das Token Ihrer Hugging-Face-Anmeldung hat ein Zeichen, das kein Token haben kann ({letter!r}). Melden Sie sich mit `hf auth login` neu an.</translation>
    </message>
    <message>
        <source>The vocabulary of this model could not be opened ({vocabulary_file}). Delete that file and try again; if it fails again the model file is damaged: fetch it again.</source>
        <translation>Das Vokabular dieses Modells ließ sich nicht öffnen ({vocabulary_file}). Löschen Sie diese Datei, und versuchen Sie es noch einmal; scheitert es wieder, ist die Modelldatei beschädigt: Holen Sie sie noch einmal.</translation>
    </message>
    <message>
        <source>The weights hold a code that is not -1, 0 or +1: the file is damaged.</source>
        <translation>Die Gewichte enthalten einen Code, der nicht -1, 0 oder +1 ist: Die Datei ist beschädigt.</translation>
    </message>
    <message>
        <source>The weights in {folder} have no tensor {name}: this is not a BitNet b1.58.</source>
        <translation>Die Gewichte in {folder} haben keinen Tensor {name}: Das ist kein BitNet b1.58.</translation>
    </message>
    <message>
        <source>There is no file {file} for {program} to measure.</source>
        <translation>Die Datei {file}, die {program} messen soll, gibt es nicht.</translation>
    </message>
    <message>
        <source>There is no model called {name} here. Nothing is installed yet; see what there is with: tern models list</source>
        <translation>Ein Modell namens {name} gibt es hier nicht. Noch ist nichts installiert; was es gibt, zeigt: tern models list</translation>
    </message>
    <message>
        <source>There is no model called {name} here. There is: {names}.</source>
        <translation>Ein Modell namens {name} gibt es hier nicht. Es gibt: {names}.</translation>
    </message>
    <message>
        <source>There is not enough memory for this step. Close other programs and try again.</source>
        <translation>Für diesen Schritt reicht der Speicher nicht. Schließen Sie andere Programme, und versuchen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>There is something in {folder} already. Choose another folder, or empty it.</source>
        <translation>In {folder} liegt schon etwas. Wählen Sie einen anderen Ordner, oder leeren Sie ihn.</translation>
    </message>
    <message>
        <source>This CPU cannot run TERN_KERNEL={name}; unset it or choose one of: {available}.</source>
        <translation>Diese CPU kann TERN_KERNEL={name} nicht ausführen; löschen Sie die Variable, oder wählen Sie eins von: {available}.</translation>
    </message>
    <message>
        <source>This file was written by a newer Tern. Install that version to import it.</source>
        <translation>Diese Datei wurde von einem neueren Tern geschrieben. Installieren Sie jene Version, um sie zu importieren.</translation>
    </message>
    <message>
        <source>This message is too long: {least:,} tokens, and the model can take {limit:,} at a time. Shorten it or send it in parts.</source>
        <translation>Diese Nachricht ist zu lang: {least:,} Token, und das Modell fasst {limit:,} auf einmal. Kürzen Sie sie, oder senden Sie sie in Teilen.</translation>
    </message>
    <message>
        <source>This model&apos;s context can be {least} to {made_for:,} tokens, not {asked:,}.</source>
        <translation>Der Kontext dieses Modells kann {least} bis {made_for:,} Token groß sein, nicht {asked:,}.</translation>
    </message>
    <message>
        <source>This needs {needed} in {folder}, where only {free} is free. Make room, or choose another place with --data-dir DIR.</source>
        <translation>Das braucht {needed} in {folder}, wo nur {free} frei sind. Schaffen Sie Platz, oder wählen Sie mit --data-dir ORDNER einen anderen Ort.</translation>
    </message>
    <message>
        <source>This server only sends whole files: Tern passes over what is here already.</source>
        <translation>Dieser Server sendet nur ganze Dateien: Tern überspringt, was schon hier ist.</translation>
    </message>
    <message>
        <source>This system has no keyring that Tern can use, so the token was not kept. Set HF_TOKEN, or run `hf auth login`, which keeps it in Hugging Face&apos;s own file; Tern reads both.</source>
        <translation>Dieses System hat keinen Schlüsselbund, den Tern benutzen kann, deshalb wurde das Token nicht behalten. Setzen Sie HF_TOKEN, oder rufen Sie `hf auth login` auf, das es in der eigenen Datei von Hugging Face behält; Tern liest beides.</translation>
    </message>
    <message>
        <source>What {program} printed is not the JSON that llama-bench prints with -o json, so there is nothing to compare with.</source>
        <translation>Was {program} ausgegeben hat, ist nicht das JSON, das llama-bench mit -o json ausgibt; es gibt also nichts zu vergleichen.</translation>
    </message>
    <message>
        <source>Your conversations were last opened by a newer Tern. Install that version again to see them; until then nothing is changed in them, and what you write now is not kept.</source>
        <translation>Ihre Gespräche wurden zuletzt mit einem neueren Tern geöffnet. Installieren Sie jene Version wieder, um sie zu sehen; bis dahin wird an ihnen nichts geändert, und was Sie jetzt schreiben, wird nicht behalten.</translation>
    </message>
    <message>
        <source>a metadata key</source>
        <translation>ein Schlüssel der Metadaten</translation>
    </message>
    <message>
        <source>a tensor&apos;s name</source>
        <translation>der Name eines Tensors</translation>
    </message>
    <message>
        <source>a width of {width} cannot be divided into {heads} heads</source>
        <translation>eine Breite von {width} lässt sich nicht in {heads} Köpfe teilen</translation>
    </message>
    <message>
        <source>entry {index:,} of {key} is not valid UTF-8 text</source>
        <translation>Eintrag {index:,} von {key} ist kein gültiger UTF-8-Text</translation>
    </message>
    <message>
        <source>it announces {entries:,} metadata entries, more than it can hold</source>
        <translation>sie kündigt {entries:,} Einträge in den Metadaten an, mehr als sie enthalten kann</translation>
    </message>
    <message>
        <source>it announces {tensors:,} tensors, more than it can hold</source>
        <translation>sie kündigt {tensors:,} Tensoren an, mehr als sie enthalten kann</translation>
    </message>
    <message>
        <source>it ends in the middle of its header; the file is damaged or not complete</source>
        <translation>sie endet mitten in ihrem Kopf; die Datei ist beschädigt oder unvollständig</translation>
    </message>
    <message>
        <source>it ends in the middle of {what}; the file is damaged or not complete</source>
        <translation>sie endet zu früh ({what}); die Datei ist beschädigt oder unvollständig</translation>
    </message>
    <message>
        <source>it gave no reason</source>
        <translation>ohne Angabe von Gründen</translation>
    </message>
    <message>
        <source>it has a tensor {name} that a BitNet of its kind does not have</source>
        <translation>sie hat einen Tensor {name}, den ein BitNet dieser Art nicht hat</translation>
    </message>
    <message>
        <source>it holds more than {most:,} strings</source>
        <translation>sie enthält mehr als {most:,} Zeichenketten</translation>
    </message>
    <message>
        <source>it is a Git LFS pointer, not the model itself</source>
        <translation>sie ist ein Verweis von Git LFS und nicht das Modell selbst</translation>
    </message>
    <message>
        <source>it is a JSON text</source>
        <translation>sie ist ein JSON-Text</translation>
    </message>
    <message>
        <source>it is a Python pickle</source>
        <translation>sie ist ein Pickle von Python</translation>
    </message>
    <message>
        <source>it is a gzip archive</source>
        <translation>sie ist ein gzip-Archiv</translation>
    </message>
    <message>
        <source>it is a link to a file that is not there</source>
        <translation>sie ist ein Verweis auf eine Datei, die nicht da ist</translation>
    </message>
    <message>
        <source>it is a safetensors file</source>
        <translation>sie ist eine Safetensors-Datei</translation>
    </message>
    <message>
        <source>it is a web page, not a model: the download went wrong</source>
        <translation>sie ist eine Webseite und kein Modell: Der Download ging schief</translation>
    </message>
    <message>
        <source>it is a zip archive</source>
        <translation>sie ist ein ZIP-Archiv</translation>
    </message>
    <message>
        <source>it is empty</source>
        <translation>sie ist leer</translation>
    </message>
    <message>
        <source>it is in the old GGJT format</source>
        <translation>sie hat das alte Format GGJT</translation>
    </message>
    <message>
        <source>it is in the old GGML format</source>
        <translation>sie hat das alte Format GGML</translation>
    </message>
    <message>
        <source>it is no JSON</source>
        <translation>sie ist kein JSON</translation>
    </message>
    <message>
        <source>it is no JSON object</source>
        <translation>sie ist kein JSON-Objekt</translation>
    </message>
    <message>
        <source>it is not a regular file</source>
        <translation>es ist keine gewöhnliche Datei</translation>
    </message>
    <message>
        <source>it is something else</source>
        <translation>sie ist etwas anderes</translation>
    </message>
    <message>
        <source>it uses RoPE scaling ({scaling}), which Tern does not support</source>
        <translation>sie benutzt RoPE-Skalierung ({scaling}), die Tern nicht beherrscht</translation>
    </message>
    <message>
        <source>its activation {value} is neither relu2 nor silu</source>
        <translation>ihre Aktivierung {value} ist weder relu2 noch silu</translation>
    </message>
    <message>
        <source>its alignment is not a power of two between 8 and 65536</source>
        <translation>ihre Ausrichtung ist keine Zweierpotenz zwischen 8 und 65536</translation>
    </message>
    <message>
        <source>its architecture {arch} is not BitNet&apos;s</source>
        <translation>ihre Architektur {arch} ist nicht die von BitNet</translation>
    </message>
    <message>
        <source>its attention width {width} is not a multiple of {step}</source>
        <translation>ihre Attention-Breite {width} ist kein Vielfaches von {step}</translation>
    </message>
    <message>
        <source>its header is larger than {most}</source>
        <translation>ihr Kopf ist größer als {most}</translation>
    </message>
    <message>
        <source>its tensors are aligned to less than {size} bytes</source>
        <translation>ihre Tensoren sind auf weniger als {size} Bytes ausgerichtet</translation>
    </message>
    <message>
        <source>its vocab_size differs from the {rows:,} rows of token_embd.weight</source>
        <translation>ihr vocab_size ist anders als die {rows:,} Zeilen von token_embd.weight</translation>
    </message>
    <message>
        <source>its vocabulary does not have {rows:,} tokens</source>
        <translation>ihr Vokabular hat nicht {rows:,} Token</translation>
    </message>
    <message>
        <source>its vocabulary has the same token twice</source>
        <translation>ihr Vokabular hat dasselbe Token zweimal</translation>
    </message>
    <message>
        <source>its vocabulary has {tokens:,} tokens but {types:,} token types</source>
        <translation>ihr Vokabular hat {tokens:,} Token, aber {types:,} Token-Typen</translation>
    </message>
    <message>
        <source>its vocabulary is of the kind {kind}, not the byte-level BPE of a BitNet</source>
        <translation>ihr Vokabular ist von der Art {kind} und nicht das BPE auf Bytes eines BitNet</translation>
    </message>
    <message>
        <source>its vocabulary of {tokens:,} tokens is larger than any model&apos;s</source>
        <translation>ihr Vokabular von {tokens:,} Token ist größer als das irgendeines Modells</translation>
    </message>
    <message>
        <source>its vocabulary of {tokens:,} tokens is no model&apos;s</source>
        <translation>ein Vokabular von {tokens:,} Token hat kein Modell</translation>
    </message>
    <message>
        <source>its {name} differs from the size of a head, which Tern does not support</source>
        <translation>ihr {name} ist anders als die Größe eines Kopfs, was Tern nicht beherrscht</translation>
    </message>
    <message>
        <source>its {key} is {token:,}, outside its vocabulary of {tokens:,} tokens</source>
        <translation>ihr {key} ist {token:,}, außerhalb ihres Vokabulars von {tokens:,} Token</translation>
    </message>
    <message>
        <source>This may need {needed} in {folder}, where only {free} is free. Make room, or choose another disk.</source>
        <translation>Das braucht vielleicht {needed} in {folder}, wo nur {free} frei sind. Schaffen Sie Platz, oder wählen Sie einen anderen Datenträger.</translation>
    </message>
    <message>
        <source>its {key} is {value:,}, which is not a multiple of {step}</source>
        <translation>ihr {key} ist {value:,}, was kein Vielfaches von {step} ist</translation>
    </message>
    <message>
        <source>its {key} is {value:,}; 1 to {most:,} are possible</source>
        <translation>ihr {key} ist {value:,}; möglich sind 1 bis {most:,}</translation>
    </message>
    <message>
        <source>its {key} is {value:g}; a number above 0 and up to {most:g} is needed</source>
        <translation>ihr {key} ist {value:g}; nötig ist eine Zahl über 0 und bis {most:g}</translation>
    </message>
    <message>
        <source>line {line} is no JSON</source>
        <translation>Zeile {line} ist kein JSON</translation>
    </message>
    <message>
        <source>llama-cpp-python is not installed. Run `make setup`, or install Tern again.</source>
        <translation>llama-cpp-python ist nicht installiert. Rufen Sie `make setup` auf, oder installieren Sie Tern neu.</translation>
    </message>
    <message>
        <source>llama-cpp-python&apos;s library {stem} is missing from {folder}. Install Tern again.</source>
        <translation>Die Bibliothek {stem} von llama-cpp-python fehlt in {folder}. Installieren Sie Tern neu.</translation>
    </message>
    <message>
        <source>no model file at all</source>
        <translation>gar keine Modelldatei</translation>
    </message>
    <message>
        <source>the element type of {key}</source>
        <translation>der Elementtyp von {key}</translation>
    </message>
    <message>
        <source>the key {key} appears twice</source>
        <translation>der Schlüssel {key} kommt zweimal vor</translation>
    </message>
    <message>
        <source>the key {key} is missing</source>
        <translation>der Schlüssel {key} fehlt</translation>
    </message>
    <message>
        <source>the key {key} should be a single {kind}</source>
        <translation>der Schlüssel {key} müsste ein einzelner Wert sein ({kind})</translation>
    </message>
    <message>
        <source>the key {key} should be an array of numbers</source>
        <translation>der Schlüssel {key} müsste ein Array von Zahlen sein</translation>
    </message>
    <message>
        <source>the key {key} should be an array of strings</source>
        <translation>der Schlüssel {key} müsste ein Array von Zeichenketten sein</translation>
    </message>
    <message>
        <source>the tensor {name}</source>
        <translation>der Tensor {name}</translation>
    </message>
    <message>
        <source>the tensor {name} appears twice</source>
        <translation>der Tensor {name} kommt zweimal vor</translation>
    </message>
    <message>
        <source>the tensor {name} has the shape {found}, not {wanted}</source>
        <translation>der Tensor {name} hat die Form {found}, nicht {wanted}</translation>
    </message>
    <message>
        <source>the tensor {name} is missing</source>
        <translation>der Tensor {name} fehlt</translation>
    </message>
    <message>
        <source>the tensor {name} is of type {type}, which Tern cannot use there</source>
        <translation>der Tensor {name} ist vom Typ {type}, den Tern dort nicht benutzen kann</translation>
    </message>
    <message>
        <source>the tensor {name} reaches past the end of the file; the file is damaged or not complete</source>
        <translation>der Tensor {name} reicht über das Ende der Datei hinaus; die Datei ist beschädigt oder unvollständig</translation>
    </message>
    <message>
        <source>the tensors {first} and {second} overlap</source>
        <translation>die Tensoren {first} und {second} überlappen sich</translation>
    </message>
    <message>
        <source>the type of {key}</source>
        <translation>der Typ von {key}</translation>
    </message>
    <message>
        <source>the value of {key}</source>
        <translation>der Wert von {key}</translation>
    </message>
    <message>
        <source>the value of {key} is neither true nor false</source>
        <translation>der Wert von {key} ist weder wahr noch falsch</translation>
    </message>
    <message>
        <source>the value of {key} is not valid UTF-8 text</source>
        <translation>der Wert von {key} ist kein gültiger UTF-8-Text</translation>
    </message>
    <message>
        <source>the value of {key} is too long</source>
        <translation>der Wert von {key} ist zu lang</translation>
    </message>
    <message>
        <source>there is no such file in {folder}</source>
        <translation>in {folder} gibt es keine solche Datei</translation>
    </message>
    <message>
        <source>{error} Tern tries again in {seconds:.0f} s.</source>
        <translation>{error} Tern versucht es in {seconds:.0f} s noch einmal.</translation>
    </message>
    <message>
        <source>{error} Tern waits, and goes on by itself.</source>
        <translation>{error} Tern wartet und macht von selbst weiter.</translation>
    </message>
    <message>
        <source>{error} Try again later, or use another mirror.</source>
        <translation>{error} Versuchen Sie es später noch einmal, oder nehmen Sie einen anderen Spiegel.</translation>
    </message>
    <message>
        <source>{host} answered {code} when asked for {what}; Tern does not know what to do with that. Try again later, or use another mirror.</source>
        <translation>{host} antwortete {code}, als nach {what} gefragt wurde; Tern weiß nicht, was damit zu tun ist. Versuchen Sie es später noch einmal, oder nehmen Sie einen anderen Spiegel.</translation>
    </message>
    <message>
        <source>{name} became shorter while Tern read it. Download or import the model again.</source>
        <translation>{name} wurde kürzer, während Tern es las. Holen oder importieren Sie das Modell noch einmal.</translation>
    </message>
    <message>
        <source>{name} brings a chat template that llama.cpp does not know. It is a small program; if you trust where the model comes from, allow it for this model.</source>
        <translation>{name} bringt eine Chat-Vorlage mit, die llama.cpp nicht kennt. Sie ist ein kleines Programm; wenn Sie der Herkunft des Modells trauen, erlauben Sie sie für dieses Modell.</translation>
    </message>
    <message>
        <source>{name} has to be re-encoded once for llama.cpp: that needs {size} in {folder}, where only {free} is free. Make room and try again.</source>
        <translation>{name} muss für llama.cpp einmal umkodiert werden: Das braucht {size} in {folder}, wo nur {free} frei sind. Schaffen Sie Platz, und versuchen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>{name} is too large: {size}, and Tern attaches up to {most}. Save the part you need as a smaller file.</source>
        <translation>{name} ist zu groß: {size}, und Tern hängt bis zu {most} an. Sichern Sie den Teil, den Sie brauchen, als kleinere Datei.</translation>
    </message>
    <message>
        <source>{name} needs {needed} of memory, and this computer has {total} for it. Choose a smaller model.</source>
        <translation>{name} braucht {needed} Arbeitsspeicher, und dieser Computer hat {total} dafür. Wählen Sie ein kleineres Modell.</translation>
    </message>
    <message>
        <source>{path} cannot be opened ({error}).</source>
        <translation>{path} lässt sich nicht öffnen ({error}).</translation>
    </message>
    <message>
        <source>{path} cannot be read ({reason}).</source>
        <translation>{path} lässt sich nicht lesen ({reason}).</translation>
    </message>
    <message>
        <source>{path} cannot be read ({error}). Fetch it again.</source>
        <translation>{path} lässt sich nicht lesen ({error}). Holen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>{file} changed on the server.</source>
        <translation>{file} hat sich auf dem Server geändert.</translation>
    </message>
    <message>
        <source>{path} could not be moved to the trash ({error}). Delete it for good with: tern models remove {name} --delete</source>
        <translation>{path} konnte nicht in den Papierkorb ({error}). Löschen Sie es endgültig mit: tern models remove {name} --delete</translation>
    </message>
    <message>
        <source>{name} could not be read ({reason}).</source>
        <translation>{name} konnte nicht gelesen werden ({reason}).</translation>
    </message>
    <message>
        <source>{name} could not be read ({reason}). Check that you may open it.</source>
        <translation>{name} konnte nicht gelesen werden ({reason}). Prüfen Sie, ob Sie es öffnen dürfen.</translation>
    </message>
    <message>
        <source>{name} could not be read: it is damaged, or in a form that Tern does not know. Save it again from the program it came from, or copy its text and paste it.</source>
        <translation>{name} konnte nicht gelesen werden: Es ist beschädigt oder in einer Form, die Tern nicht kennt. Sichern Sie es neu aus seinem Programm, oder kopieren Sie den Text und fügen ihn ein.</translation>
    </message>
    <message>
        <source>{name} could not be read: there is no file {path}. Check its name and its folder.</source>
        <translation>{name} konnte nicht gelesen werden: Die Datei {path} gibt es nicht. Prüfen Sie ihren Namen und ihren Ordner.</translation>
    </message>
    <message>
        <source>{file} could not be repaired: the server itself sends something else than its hash says. Try another mirror, or try again later.</source>
        <translation>{file} konnte nicht repariert werden: Der Server selbst sendet etwas anderes, als seine Prüfsumme sagt. Nehmen Sie einen anderen Spiegel, oder versuchen Sie es später noch einmal.</translation>
    </message>
    <message>
        <source>{title} did not come from the hub, so Tern cannot mend it. Import the right file again.</source>
        <translation>{title} kam nicht vom Hub, deshalb kann Tern es nicht reparieren. Importieren Sie die richtige Datei noch einmal.</translation>
    </message>
    <message>
        <source>{title} did not come from the hub, so there is nothing to look for.</source>
        <translation>{title} kam nicht vom Hub, deshalb gibt es nichts nachzusehen.</translation>
    </message>
    <message>
        <source>{host} does not accept your token (401): it may have expired. Make a new one on the hub&apos;s page and save it under Settings, Network (or set HF_TOKEN).</source>
        <translation>{host} nimmt Ihr Token nicht an (401): Vielleicht ist es abgelaufen. Machen Sie auf der Seite des Hubs ein neues, und speichern Sie es unter „Einstellungen“, „Netzwerk“ (oder setzen Sie HF_TOKEN).</translation>
    </message>
    <message>
        <source>{host} does not answer as a safe server does. Check the address of the mirror and the proxy in the settings; in a hotel or café log in to its network first. Nothing was sent.</source>
        <translation>{host} antwortet nicht wie ein sicherer Server. Prüfen Sie die Adresse des Spiegels und den Proxy in den Einstellungen; melden Sie sich im Hotel oder Café zuerst in dessen Netz an. Nichts wurde gesendet.</translation>
    </message>
    <message>
        <source>{host} does not give {what} to everyone (403). Open {hub} in a browser, accept the model&apos;s conditions, and save your token under Settings, Network (or set HF_TOKEN).</source>
        <translation>{host} gibt {what} nicht allen (403). Öffnen Sie {hub} im Browser, nehmen Sie die Bedingungen des Modells an, und speichern Sie Ihr Token unter „Einstellungen“, „Netzwerk“ (oder setzen Sie HF_TOKEN).</translation>
    </message>
    <message>
        <source>{path} is not a file, so Tern uses its default settings and works offline. Move it away, then start Tern again.</source>
        <translation>{path} ist keine Datei, deshalb nimmt Tern seine Voreinstellungen und arbeitet offline. Schieben Sie es weg, und starten Sie Tern dann neu.</translation>
    </message>
    <message>
        <source>{what} does not start on a multiple of {alignment} bytes</source>
        <translation>{what} beginnt nicht auf einem Vielfachen von {alignment} Bytes</translation>
    </message>
    <message>
        <source>{what!r} has a character that cannot be sent. Leave that character out.</source>
        <translation>{what!r} hat ein Zeichen, das sich nicht senden lässt. Lassen Sie dieses Zeichen weg.</translation>
    </message>
    <message>
        <source>{what} has a dimension of size 0</source>
        <translation>{what} hat eine Dimension der Größe 0</translation>
    </message>
    <message>
        <source>{what} has rows of {width:,} values, which {type} cannot hold</source>
        <translation>{what} hat Zeilen mit {width:,} Werten, die {type} nicht fasst</translation>
    </message>
    <message>
        <source>{what} has {dimensions:,} dimensions; 1 to {most} are allowed</source>
        <translation>{what} hat {dimensions:,} Dimensionen; erlaubt sind 1 bis {most}</translation>
    </message>
    <message>
        <source>{heads} heads cannot share {kv_heads} key and value heads</source>
        <translation>{heads} Köpfe können sich {kv_heads} Schlüssel- und Wertköpfe nicht teilen</translation>
    </message>
    <message>
        <source>{name} is a model, so it can&apos;t be attached. Open it on the Models page.</source>
        <translation>{name} ist ein Modell und kein Anhang: Öffnen Sie es auf der Seite „Modelle“.</translation>
    </message>
    <message>
        <source>{what} is an array of arrays</source>
        <translation>{what} ist ein Array aus Arrays</translation>
    </message>
    <message>
        <source>{name} is not an export that Tern knows, or it is damaged. Tern reads its own JSON, the data exports of ChatGPT and Claude (the ZIP or its conversations.json), and GPT4All&apos;s .chat files.</source>
        <translation>{name} ist kein Export, den Tern kennt, oder beschädigt. Tern liest sein eigenes JSON, die Datenexporte von ChatGPT und Claude (das ZIP oder seine conversations.json) und die .chat-Dateien von GPT4All.</translation>
    </message>
    <message>
        <source>{what} is not valid UTF-8 text</source>
        <translation>{what} ist kein gültiger UTF-8-Text</translation>
    </message>
    <message>
        <source>{what} is of type {number}, which neither Tern nor its llama.cpp knows</source>
        <translation>{what} ist vom Typ {number}, den weder Tern noch sein llama.cpp kennt</translation>
    </message>
    <message>
        <source>{path} is too large to be what it should be. Fetch it again.</source>
        <translation>{path} ist zu groß für das, was es sein soll. Laden Sie es noch einmal herunter.</translation>
    </message>
    <message>
        <source>{what} is {length:,} bytes long; 1 to {limit} are allowed</source>
        <translation>{what} ist {length:,} Bytes lang; erlaubt sind 1 bis {limit}</translation>
    </message>
    <message>
        <source>{what} is {number}, which GGUF does not have</source>
        <translation>{what} ist {number}, was es in GGUF nicht gibt</translation>
    </message>
    <message>
        <source>{host} wants to know who asks for {what}, or has no such file (401). Check the name; if the model is private or gated, log in: save your token under Settings, Network (or set HF_TOKEN).</source>
        <translation>{host} will wissen, wer nach {what} fragt, oder hat keine solche Datei (401). Prüfen Sie den Namen; ist das Modell privat oder geschützt, melden Sie sich an: Speichern Sie Ihr Token unter „Einstellungen“, „Netzwerk“ (oder setzen Sie HF_TOKEN).</translation>
    </message>
    <message>
        <source>{why}; Tern opens GGUF files</source>
        <translation>{why}; Tern öffnet GGUF-Dateien</translation>
    </message>
    <message>
        <source>{name} has a scale for every block of {tensor}, which I2_S cannot hold without loss. Start from the model&apos;s original file.</source>
        <translation>{name} hat eine Skala für jeden Block aus {tensor}, was I2_S nicht ohne Verlust fasst. Gehen Sie von der Originaldatei des Modells aus.</translation>
    </message>
    <message>
        <source>A q8_0 KV cache needs heads of a multiple of {block}; {name} has heads of {size}. Use f16.</source>
        <translation>Ein KV-Cache in q8_0 braucht Köpfe mit einem Vielfachen von {block}; {name} hat Köpfe mit {size}. Nehmen Sie f16.</translation>
    </message>
    <message>
        <source>A web page came instead of the model from {host}: this network probably wants you to log in or agree to something first. Open any page in your browser, then try again.</source>
        <translation>Statt des Modells kam von {host} eine Webseite: Vermutlich verlangt dieses Netz zuerst eine Anmeldung oder Zustimmung. Öffnen Sie irgendeine Seite im Browser, und versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>Almost nothing comes from {host} any more. Try again where the network is better.</source>
        <translation>Von {host} kommt fast nichts mehr. Versuchen Sie es noch einmal, wo das Netz besser ist.</translation>
    </message>
    <message>
        <source>Another Tern has the conversations in {folder} open, and this one would have to change their file first. Close it, then try again.</source>
        <translation>Ein anderes Tern hat die Gespräche in {folder} geöffnet, und dieses müsste zuerst ihre Datei ändern. Schließen Sie jenes, und versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>Another Tern is changing the list of models and does not finish. Close it, then try again.</source>
        <translation>Ein anderes Tern ändert die Liste der Modelle und wird nicht fertig. Schließen Sie es, und versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>Another Tern is writing to your conversations. Try again in a moment.</source>
        <translation>Ein anderes Tern schreibt gerade in Ihre Gespräche. Versuchen Sie es gleich noch einmal.</translation>
    </message>
    <message>
        <source>Another program is writing to your conversations in {path}. Close it and start Tern again; until then what you write is not kept.</source>
        <translation>Ein anderes Programm schreibt in Ihre Gespräche in {path}. Schließen Sie es, und starten Sie Tern neu; bis dahin wird nicht behalten, was Sie schreiben.</translation>
    </message>
    <message>
        <source>Nothing came from {host} for a while. The network may be too slow or gone; try again later.</source>
        <translation>Von {host} kam eine Weile nichts. Vielleicht ist das Netz zu langsam oder weg; versuchen Sie es später noch einmal.</translation>
    </message>
    <message>
        <source>SSL_CERT_FILE names {file}, which holds no certificates. Correct the variable, or unset it.</source>
        <translation>SSL_CERT_FILE nennt {file}, worin keine Zertifikate sind. Berichtigen oder löschen Sie die Variable.</translation>
    </message>
    <message>
        <source>SSL_CERT_FILE names {file}, which is not there or cannot be read. Correct the variable, or unset it.</source>
        <translation>SSL_CERT_FILE nennt {file}, was es nicht gibt oder was sich nicht lesen lässt. Berichtigen oder löschen Sie die Variable.</translation>
    </message>
    <message>
        <source>Tern cannot open your conversations: {path} is a folder. Move it away and start Tern again; until then what you write is not kept.</source>
        <translation>Tern kann Ihre Gespräche nicht öffnen: {path} ist ein Ordner. Verschieben Sie ihn, und starten Sie Tern neu; bis dahin wird nicht behalten, was Sie schreiben.</translation>
    </message>
    <message>
        <source>Tern cannot open your conversations: {path} is a link to a file that is not there. Make that file reachable and start Tern again; until then what you write is not kept.</source>
        <translation>Tern kann Ihre Gespräche nicht öffnen: {path} ist ein Verweis auf eine Datei, die nicht da ist. Machen Sie diese Datei erreichbar, und starten Sie Tern neu; bis dahin wird nicht behalten, was Sie schreiben.</translation>
    </message>
    <message>
        <source>Tern cannot tell where to keep its files: this account has no home folder. Set HOME, or name a folder with --data-dir DIR.</source>
        <translation>Tern weiß nicht, wo es seine Dateien halten soll: Dieses Konto hat kein Home-Verzeichnis. Setzen Sie HOME, oder nennen Sie mit --data-dir ORDNER einen Ordner.</translation>
    </message>
    <message>
        <source>Tern cannot tell where {folder} is, because the current folder is gone. Change to another folder, or write the whole path: --data-dir /DIR.</source>
        <translation>Tern weiß nicht, wo {folder} ist, denn den aktuellen Ordner gibt es nicht mehr. Wechseln Sie in einen anderen Ordner, oder schreiben Sie den ganzen Pfad: --data-dir /ORDNER.</translation>
    </message>
    <message>
        <source>Tern cannot tell which folder {folder} is: there is no such person on this computer, or no home folder. Write the whole path: --data-dir /DIR.</source>
        <translation>Tern weiß nicht, welcher Ordner {folder} ist: Auf diesem Computer gibt es kein solches Konto, oder es hat kein Home-Verzeichnis. Schreiben Sie den ganzen Pfad: --data-dir /ORDNER.</translation>
    </message>
    <message>
        <source>Tern cannot use {name}: {what}. Choose another GGUF file.</source>
        <translation>Tern kann {name} nicht benutzen: {what}. Wählen Sie eine andere GGUF-Datei.</translation>
    </message>
    <message>
        <source>Tern could not save its settings: {path} cannot be read ({reason}), and what is in it would be lost. Make the file readable, then try again.</source>
        <translation>Tern konnte seine Einstellungen nicht sichern: {path} lässt sich nicht lesen ({reason}), und was darin steht, ginge verloren. Machen Sie die Datei lesbar, und versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>Tern could not start the process that imports ({reason}).</source>
        <translation>Tern konnte den Prozess, der importiert, nicht starten ({reason}).</translation>
    </message>
    <message>
        <source>The chat template of {name} fails ({problem}). Choose another file of this model, or another model.</source>
        <translation>Die Chat-Vorlage von {name} scheitert ({problem}). Wählen Sie eine andere Datei dieses Modells oder ein anderes Modell.</translation>
    </message>
    <message>
        <source>The chat template of {name} leaves out what you write. Choose another file of this model, or another model.</source>
        <translation>Die Chat-Vorlage von {name} lässt weg, was Sie schreiben. Wählen Sie eine andere Datei dieses Modells oder ein anderes Modell.</translation>
    </message>
    <message>
        <source>The connection to {host} broke: the network is not steady. Try again where it is better.</source>
        <translation>Die Verbindung zu {host} ist abgerissen: Das Netz ist nicht stabil. Versuchen Sie es noch einmal, wo es besser ist.</translation>
    </message>
    <message>
        <source>The connection to {host} ended too early. Try again, or use another mirror.</source>
        <translation>Die Verbindung zu {host} endete zu früh. Versuchen Sie es noch einmal, oder nehmen Sie einen anderen Spiegel.</translation>
    </message>
    <message>
        <source>The connection to {host} is not safe: by this computer&apos;s clock ({today}) the {reason}. Check the clock; if it is right, use another mirror. Nothing was sent.</source>
        <translation>Die Verbindung zu {host} ist nach der Uhr dieses Computers ({today}) nicht sicher: {reason}. Prüfen Sie die Uhr; geht sie richtig, nehmen Sie einen anderen Spiegel. Nichts wurde gesendet.</translation>
    </message>
    <message>
        <source>The connection to {host} is not safe: its certificate cannot be trusted ({reason}). Check this computer&apos;s date; in a hotel or café log in to its network first; in a company set SSL_CERT_FILE to its certificate. Nothing was sent.</source>
        <translation>Die Verbindung zu {host} ist nicht sicher: Das Zertifikat ist nicht vertrauenswürdig ({reason}). Prüfen Sie das Datum dieses Computers; melden Sie sich im Hotel oder Café zuerst in dessen Netz an; setzen Sie in einer Firma SSL_CERT_FILE auf deren Zertifikat. Nichts wurde gesendet.</translation>
    </message>
    <message>
        <source>The connection to {host} is not safe: its certificate cannot be trusted ({reason}). {named} says whom to trust here: check that variable; in a hotel or café log in to its network first. Nothing was sent.</source>
        <translation>Die Verbindung zu {host} ist nicht sicher: Das Zertifikat ist nicht vertrauenswürdig ({reason}). Wem hier zu trauen ist, sagt {named}: Prüfen Sie diese Variable; melden Sie sich im Hotel oder Café zuerst in dessen Netz an. Nichts wurde gesendet.</translation>
    </message>
    <message>
        <source>The context of {name} is full. Start a new chat, or choose a larger context.</source>
        <translation>Der Kontext von {name} ist voll. Beginnen Sie einen neuen Chat, oder wählen Sie einen größeren Kontext.</translation>
    </message>
    <message>
        <source>The disk failed at {path} ({reason}). Check it, or choose another place with --data-dir DIR.</source>
        <translation>Der Datenträger hat bei {path} versagt ({reason}). Prüfen Sie ihn, oder wählen Sie mit --data-dir ORDNER einen anderen Ort.</translation>
    </message>
    <message>
        <source>The disk is full at {folder}. Make room, or choose another place with --data-dir DIR.</source>
        <translation>Der Datenträger bei {folder} ist voll. Schaffen Sie Platz, oder wählen Sie mit --data-dir ORDNER einen anderen Ort.</translation>
    </message>
    <message>
        <source>The file with your conversations in {path} is damaged or gone, and Tern cannot put it right ({error}). Free the disk, then start Tern again; until then what you write is not kept.</source>
        <translation>Die Datei mit Ihren Gesprächen in {path} ist beschädigt oder weg, und Tern kann sie nicht in Ordnung bringen ({error}). Schaffen Sie Platz auf dem Datenträger, und starten Sie Tern neu; bis dahin wird nicht behalten, was Sie schreiben.</translation>
    </message>
    <message>
        <source>The file with your conversations was damaged or gone and none of its backups can be used, so Tern began a new one. What is left of it is in {folder}.</source>
        <translation>Die Datei mit Ihren Gesprächen war beschädigt oder weg, und keine ihrer Sicherungen ist brauchbar; Tern hat deshalb eine neue begonnen. Was von ihr übrig ist, liegt in {folder}.</translation>
    </message>
    <message>
        <source>The file with your conversations was gone or empty, so Tern went back to its backup of {when}. What was written after that is missing.</source>
        <translation>Die Datei mit Ihren Gesprächen war weg oder leer; Tern ist deshalb zu seiner Sicherung vom {when} zurückgekehrt. Was danach geschrieben wurde, fehlt.</translation>
    </message>
    <message>
        <source>The hub&apos;s address {address!r} does not begin with https://. Correct it in HF_ENDPOINT.</source>
        <translation>Die Adresse {address!r} des Hubs beginnt nicht mit https://. Berichtigen Sie sie in HF_ENDPOINT.</translation>
    </message>
    <message>
        <source>The process that imports ended early ({code}). Try again.</source>
        <translation>Der Prozess, der importiert, endete vorzeitig ({code}). Versuchen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>The proxies that this computer is set to use cannot be used ({error}). Correct them in its settings.</source>
        <translation>Die Proxys, die auf diesem Computer eingestellt sind, lassen sich nicht benutzen ({error}). Berichtigen Sie sie in seinen Einstellungen.</translation>
    </message>
    <message>
        <source>The proxy refused the connection to {host} ({error}). Check the proxy in the settings or in HTTPS_PROXY.</source>
        <translation>Der Proxy hat die Verbindung zu {host} abgelehnt ({error}). Prüfen Sie den Proxy in den Einstellungen oder in HTTPS_PROXY.</translation>
    </message>
    <message>
        <source>The proxy&apos;s address in the settings cannot be used. Write it as http://HOST:PORT or socks5://HOST:PORT.</source>
        <translation>Die Adresse des Proxys in den Einstellungen ist nicht brauchbar. Schreiben Sie sie als http://HOST:PORT oder socks5://HOST:PORT.</translation>
    </message>
    <message>
        <source>The proxy&apos;s address in the variable {variable} cannot be used. Write it as http://HOST:PORT or socks5://HOST:PORT, or unset it.</source>
        <translation>Die Adresse des Proxys in der Variablen {variable} ist nicht brauchbar. Schreiben Sie sie als http://HOST:PORT oder socks5://HOST:PORT, oder löschen Sie die Variable.</translation>
    </message>
    <message>
        <source>The server sent other bytes than asked for, so it begins again, in one piece.</source>
        <translation>Der Server sandte andere Bytes als verlangt, darum beginnt es von vorn, in einem Stück.</translation>
    </message>
    <message>
        <source>The setting {key} cannot be {value}, so Tern works offline until you correct it in {file}, or switch “Work offline” off in the settings.</source>
        <translation>Die Einstellung {key} kann nicht {value} sein; Tern arbeitet deshalb offline, bis Sie sie in {file} berichtigen oder „Offline arbeiten“ in den Einstellungen abschalten.</translation>
    </message>
    <message>
        <source>The settings in {path} could not be read ({error}), so Tern uses its defaults and works offline until you correct that file, or switch “Work offline” off in the settings. Before anything is saved, the file is copied to {aside}.</source>
        <translation>Die Einstellungen in {path} waren nicht lesbar ({error}); Tern nimmt deshalb seine Vorgaben und arbeitet offline, bis Sie diese Datei berichtigen oder „Offline arbeiten“ in den Einstellungen abschalten. Bevor etwas gesichert wird, wird die Datei nach {aside} kopiert.</translation>
    </message>
    <message>
        <source>The settings in {path} could not be read ({reason}), so Tern uses its defaults and works offline. The file stays as it is; make it readable, then start Tern again.</source>
        <translation>Die Einstellungen in {path} waren nicht lesbar ({reason}); Tern nimmt deshalb seine Vorgaben und arbeitet offline. Die Datei bleibt, wie sie ist; machen Sie sie lesbar, und starten Sie Tern neu.</translation>
    </message>
    <message>
        <source>The settings in {path} could not be read any more ({error}), so Tern wrote them anew and works offline until you switch that off in the settings. The file as it was is kept as {aside}.</source>
        <translation>Die Einstellungen in {path} waren nicht mehr lesbar ({error}); Tern hat sie deshalb neu geschrieben und arbeitet offline, bis Sie das in den Einstellungen abschalten. Die bisherige Datei liegt als {aside} daneben.</translation>
    </message>
    <message>
        <source>The system prompt is too long: {tokens:,} tokens, and the model can take {limit:,} at a time, your message included. Shorten the system prompt.</source>
        <translation>Der System-Prompt ist zu lang: {tokens:,} Token, und das Modell fasst {limit:,} auf einmal, Ihre Nachricht eingerechnet. Kürzen Sie den System-Prompt.</translation>
    </message>
    <message>
        <source>The system&apos;s keyring does not answer. Unlock it, or restart it, and try again; or set HF_TOKEN, for which no keyring is needed.</source>
        <translation>Der Schlüsselbund des Systems antwortet nicht. Entsperren Sie ihn, oder starten Sie ihn neu, und versuchen Sie es noch einmal; oder setzen Sie HF_TOKEN, das keinen Schlüsselbund braucht.</translation>
    </message>
    <message>
        <source>There is no conversations.json in {name}. Choose the ZIP that ChatGPT or Claude sent you, or a conversations.json.</source>
        <translation>In {name} gibt es keine conversations.json. Wählen Sie das ZIP, das ChatGPT oder Claude Ihnen geschickt hat, oder eine conversations.json.</translation>
    </message>
    <message>
        <source>There is no network, or no such address: {host} cannot be found. Check that this computer is online; behind a company network set a proxy or a mirror in the settings.</source>
        <translation>Es gibt kein Netz oder keine solche Adresse: {host} ist nicht zu finden. Prüfen Sie, ob dieser Computer online ist; in einem Firmennetz tragen Sie in den Einstellungen einen Proxy oder Spiegel ein.</translation>
    </message>
    <message>
        <source>There is no network: no way leads to {host}. Check that this computer is online.</source>
        <translation>Es gibt kein Netz: Kein Weg führt zu {host}. Prüfen Sie, ob dieser Computer online ist.</translation>
    </message>
    <message>
        <source>There is too little memory to open {name}. Close other programs, or choose a smaller context or model.</source>
        <translation>Der Arbeitsspeicher reicht nicht, um {name} zu öffnen. Schließen Sie andere Programme, oder wählen Sie einen kleineren Kontext oder ein kleineres Modell.</translation>
    </message>
    <message>
        <source>This computer does not let Tern connect to {host}. Check its firewall, then try again.</source>
        <translation>Dieser Computer lässt Tern keine Verbindung zu {host} öffnen. Prüfen Sie seine Firewall, und versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>This computer has too many files and connections open. Close other programs, then try again.</source>
        <translation>Auf diesem Computer sind zu viele Dateien und Verbindungen offen. Schließen Sie andere Programme, und versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>This file holds more than Tern can import at once; divide it into smaller ones.</source>
        <translation>Diese Datei enthält mehr, als Tern auf einmal importieren kann; teilen Sie sie in kleinere.</translation>
    </message>
    <message>
        <source>This reply cannot be continued: it takes {tokens:,} tokens already, and the model can take {limit:,} at a time. Send a new message to go on.</source>
        <translation>Diese Antwort lässt sich nicht fortsetzen: Sie braucht schon {tokens:,} Token, und das Modell fasst {limit:,} auf einmal. Senden Sie eine neue Nachricht, um weiterzumachen.</translation>
    </message>
    <message>
        <source>it is GGUF version {version}, out of use; Tern opens version {supported}</source>
        <translation>sie hat die GGUF-Version {version}, die außer Gebrauch ist; Tern öffnet Version {supported}</translation>
    </message>
    <message>
        <source>it is GGUF version {version}; Tern opens version {supported}</source>
        <translation>sie hat die GGUF-Version {version}; Tern öffnet Version {supported}</translation>
    </message>
    <message>
        <source>it is a big-endian GGUF file; Tern opens little-endian ones</source>
        <translation>sie ist eine GGUF-Datei in Big-Endian; Tern öffnet solche in Little-Endian</translation>
    </message>
    <message>
        <source>it is a folder</source>
        <translation>es ist ein Ordner</translation>
    </message>
    <message>
        <source>it may not be opened ({reason}); check its permissions</source>
        <translation>sie darf nicht geöffnet werden ({reason}); prüfen Sie ihre Rechte</translation>
    </message>
    <message>
        <source>llama.cpp could not compute the next word with {name} (error {code}). Try again; if it fails again, choose another file of this model.</source>
        <translation>llama.cpp konnte mit {name} das nächste Wort nicht berechnen (Fehler {code}). Versuchen Sie es noch einmal; scheitert es wieder, wählen Sie eine andere Datei dieses Modells.</translation>
    </message>
    <message>
        <source>llama.cpp crashes on {name} ({code}), so Tern does not open it. It was tried in a separate process, and nothing was lost. Choose another file of this model, or another model.</source>
        <translation>llama.cpp stürzt an {name} ab ({code}), deshalb öffnet Tern es nicht. Es wurde in einem eigenen Prozess erprobt, und nichts ging verloren. Wählen Sie eine andere Datei dieses Modells oder ein anderes Modell.</translation>
    </message>
    <message>
        <source>llama.cpp did not finish trying {name} in {patience:,.0f} seconds. Try again when the computer is less busy, or choose another model.</source>
        <translation>llama.cpp wurde in {patience:,.0f} Sekunden nicht damit fertig, {name} zu erproben. Versuchen Sie es noch einmal, wenn der Computer weniger zu tun hat, oder wählen Sie ein anderes Modell.</translation>
    </message>
    <message>
        <source>llama.cpp does not take {name} ({reason}). Choose another file of this model.</source>
        <translation>llama.cpp nimmt {name} nicht an ({reason}). Wählen Sie eine andere Datei dieses Modells.</translation>
    </message>
    <message>
        <source>{error} The system&apos;s keyring does not answer, so a token in it was not used: unlock it, then try again.</source>
        <translation>{error} Der Schlüsselbund des Systems antwortet nicht, deshalb wurde kein Token daraus benutzt: Entsperren Sie ihn, und versuchen Sie es dann noch einmal.</translation>
    </message>
    <message>
        <source>{error} What has arrived is kept; the next try goes on from there.</source>
        <translation>{error} Was angekommen ist, bleibt; der nächste Versuch macht dort weiter.</translation>
    </message>
    <message>
        <source>{file} arrived damaged: its hash is {found}…, not {wanted}…. It is kept at {path} and not used. Fetch it again to repair it: it is compared with the server&apos;s and mended where it differs.</source>
        <translation>{file} kam beschädigt an: Ihr Hash ist {found}…, nicht {wanted}…. Sie liegt unter {path} und wird nicht benutzt. Laden Sie sie noch einmal, um sie zu reparieren: Sie wird mit der des Servers verglichen und ausgebessert, wo sie abweicht.</translation>
    </message>
    <message>
        <source>{folder} has only {free} of room left, and {needed} is still to come. Make room there.</source>
        <translation>In {folder} sind nur noch {free} frei, und {needed} kommen noch. Schaffen Sie dort Platz.</translation>
    </message>
    <message>
        <source>{folder} lies in the folder that is to be moved. Choose another one.</source>
        <translation>{folder} liegt in dem Ordner, der verschoben werden soll. Wählen Sie einen anderen.</translation>
    </message>
    <message>
        <source>{host} answered with something that is no release of Tern ({error}). Try again later, or look at its page in a browser.</source>
        <translation>{host} hat mit etwas geantwortet, das keine Version von Tern ist ({error}). Versuchen Sie es später noch einmal, oder sehen Sie die Seite in einem Browser an.</translation>
    </message>
    <message>
        <source>{host} cannot be reached through the proxy {proxy}. Check that this computer is online, and the proxy in the settings or in HTTPS_PROXY.</source>
        <translation>{host} ist über den Proxy {proxy} nicht zu erreichen. Prüfen Sie, ob dieser Computer online ist, und den Proxy in den Einstellungen oder in HTTPS_PROXY.</translation>
    </message>
    <message>
        <source>{host} cannot be reached. Check that this computer is online; behind a company network set a proxy or a mirror in the settings.</source>
        <translation>{host} ist nicht zu erreichen. Prüfen Sie, ob dieser Computer online ist; in einem Firmennetz tragen Sie in den Einstellungen einen Proxy oder Spiegel ein.</translation>
    </message>
    <message>
        <source>{name} cannot keep its KV cache in this type ({reason}). Use f16.</source>
        <translation>{name} kann seinen KV-Cache nicht in diesem Typ halten ({reason}). Nehmen Sie f16.</translation>
    </message>
    <message>
        <source>{name} contradicts itself: a vocabulary of {tokens:,} tokens, and a model of {rows:,}. Choose another file of this model.</source>
        <translation>{name} widerspricht sich: ein Vokabular von {tokens:,} Token und ein Modell mit {rows:,}. Wählen Sie eine andere Datei dieses Modells.</translation>
    </message>
    <message>
        <source>{name} holds no assistants or prompts that Tern has exported.</source>
        <translation>{name} enthält keine Assistenten oder Prompts, die Tern exportiert hat.</translation>
    </message>
    <message>
        <source>{name} is too long: Tern reads up to {most:,} characters of a file. Attach the part you need.</source>
        <translation>{name} ist zu lang: Tern liest bis zu {most:,} Zeichen einer Datei. Hängen Sie den Teil an, den Sie brauchen.</translation>
    </message>
    <message>
        <source>{path} could not be imported ({reason}). Check that it is there and that you may read it.</source>
        <translation>{path} konnte nicht importiert werden ({reason}). Prüfen Sie, ob es da ist und ob Sie es lesen dürfen.</translation>
    </message>
    <message>
        <source>{name} could not be written ({reason}).</source>
        <translation>{name} konnte nicht geschrieben werden ({reason}).</translation>
    </message>
    <message>
        <source>{host} does not answer as a hub does. Check the address of the mirror in the settings or in HF_ENDPOINT, or try again later.</source>
        <translation>{host} antwortet nicht wie ein Hub. Prüfen Sie die Adresse des Spiegels in den Einstellungen oder in HF_ENDPOINT, oder versuchen Sie es später noch einmal.</translation>
    </message>
    <message>
        <source>{host} has a fault of its own right now ({code}), which usually passes: try again later.</source>
        <translation>{host} hat gerade selbst eine Störung ({code}), die meist vorübergeht: Versuchen Sie es später noch einmal.</translation>
    </message>
    <message>
        <source>{name} has heads that Tern&apos;s attention cannot compute (at most {most_values} values, {most_heads} of them to a key head). Choose another model.</source>
        <translation>{name} hat Köpfe, die Terns Attention nicht rechnen kann (höchstens {most_values} Werte, {most_heads} davon auf einen Schlüsselkopf). Wählen Sie ein anderes Modell.</translation>
    </message>
    <message>
        <source>{folder} has layers {cols} values wide; I2_S needs a multiple of {step}.</source>
        <translation>{folder} hat Schichten mit {cols} Werten Breite; I2_S braucht ein Vielfaches von {step}.</translation>
    </message>
    <message>
        <source>{name} has layers {width} values wide; llama.cpp&apos;s ternary kernels need a multiple of {step}, so there is nothing to compare with.</source>
        <translation>{name} hat Schichten mit {width} Werten Breite; die ternären Kernels von llama.cpp brauchen ein Vielfaches von {step}, deshalb gibt es nichts zu vergleichen.</translation>
    </message>
    <message>
        <source>{name} has layers {width} values wide; {encoding} needs a multiple of {step}.</source>
        <translation>{name} hat Schichten mit {width} Werten Breite; {encoding} braucht ein Vielfaches von {step}.</translation>
    </message>
    <message>
        <source>{repo} has no .gguf file. Name the file to fetch: tern models fetch {repo} FILE.</source>
        <translation>{repo} hat keine .gguf-Datei. Nennen Sie die Datei, die geholt werden soll: tern models fetch {repo} DATEI.</translation>
    </message>
    <message>
        <source>{folder} has no .safetensors file. Choose a folder that transformers can load.</source>
        <translation>{folder} hat keine .safetensors-Datei. Wählen Sie einen Ordner, den transformers laden kann.</translation>
    </message>
    <message>
        <source>{repo} has no file {name}. It has: {near}.</source>
        <translation>{repo} hat keine Datei {name}. Es gibt: {near}.</translation>
    </message>
    <message>
        <source>{name} has no vocabulary, so it cannot read or write text. Choose another file of this model.</source>
        <translation>{name} hat kein Vokabular, kann also Text weder lesen noch schreiben. Wählen Sie eine andere Datei dieses Modells.</translation>
    </message>
    <message>
        <source>{host} has no {what} (404). Check the owner, the name and the revision.</source>
        <translation>{host} hat kein {what} (404). Prüfen Sie Besitzer, Namen und Revision.</translation>
    </message>
    <message>
        <source>{folder} has no {name}. Put it beside the weights: it comes with the model.</source>
        <translation>{folder} hat keine {name}. Legen Sie sie neben die Gewichte: Sie kommt mit dem Modell.</translation>
    </message>
    <message>
        <source>{name} has the token {token!r} twice in its vocabulary. Choose another file of this model.</source>
        <translation>{name} hat das Token {token!r} zweimal im Vokabular. Wählen Sie eine andere Datei dieses Modells.</translation>
    </message>
    <message>
        <source>{file} has {length:,} bytes on {host}, not the {size:,} that were announced.</source>
        <translation>{file} hat {length:,} Bytes auf {host}, nicht die {size:,}, die angekündigt waren.</translation>
    </message>
    <message>
        <source>{repo} has {found} models. Name one: {listed}.</source>
        <translation>{repo} hat {found} Modelle. Nennen Sie eins: {listed}.</translation>
    </message>
    <message>
        <source>{folder} holds a model of type {type!r}, not a BitNet b1.58.</source>
        <translation>{folder} enthält ein Modell vom Typ {type!r} und kein BitNet b1.58.</translation>
    </message>
    <message>
        <source>{name} holds no ternary tensors, so there is nothing to convert.</source>
        <translation>{name} enthält keine ternären Tensoren, deshalb gibt es nichts umzuwandeln.</translation>
    </message>
    <message>
        <source>{name} holds no text. If it is a scan, run text recognition (OCR) on it first.</source>
        <translation>{name} enthält keinen Text. Ist es ein Scan, lassen Sie zuerst eine Texterkennung (OCR) darüber laufen.</translation>
    </message>
    <message>
        <source>{name} holds only a vocabulary, no model. Choose the model itself.</source>
        <translation>{name} enthält nur ein Vokabular und kein Modell. Wählen Sie das Modell selbst.</translation>
    </message>
    <message>
        <source>{name} holds only the vision or audio part of a model. Choose the model itself.</source>
        <translation>{name} enthält nur den Bild- oder Tonteil eines Modells. Wählen Sie das Modell selbst.</translation>
    </message>
    <message>
        <source>{part} in {name} cannot be read to its end ({error}).</source>
        <translation>{part} in {name} lässt sich nicht bis zum Ende lesen ({error}).</translation>
    </message>
    <message>
        <source>{name} is a chat of GPT4All&apos;s that is not whole, or of a version that Tern does not know.</source>
        <translation>{name} ist ein Chat von GPT4All, der nicht vollständig ist oder von einer Version, die Tern nicht kennt.</translation>
    </message>
    <message>
        <source>{name} is a damaged ZIP ({error}). Fetch or copy it again.</source>
        <translation>{name} ist ein beschädigtes ZIP ({error}). Holen oder kopieren Sie es noch einmal.</translation>
    </message>
    <message>
        <source>{name} is a model of the kind {arch}, which the llama.cpp in this Tern does not know yet. A newer Tern may; until then, choose another model.</source>
        <translation>{name} ist ein Modell der Art {arch}, die das llama.cpp in diesem Tern noch nicht kennt. Ein neueres Tern kennt sie vielleicht; wählen Sie bis dahin ein anderes Modell.</translation>
    </message>
    <message>
        <source>{name} is an adapter (LoRA), which changes another model. Choose the model itself.</source>
        <translation>{name} ist ein Adapter (LoRA), der ein anderes Modell verändert. Wählen Sie das Modell selbst.</translation>
    </message>
    <message>
        <source>{name} is an embedding model: it compares texts and writes none. Choose a chat model.</source>
        <translation>{name} ist ein Embedding-Modell: Es vergleicht Texte und schreibt keine. Wählen Sie ein Chat-Modell.</translation>
    </message>
    <message>
        <source>{name} is an importance matrix, used for making models smaller. Choose the model itself.</source>
        <translation>{name} ist eine Wichtigkeitsmatrix, mit der Modelle verkleinert werden. Wählen Sie das Modell selbst.</translation>
    </message>
    <message>
        <source>{name} is damaged or cut off; what stands before that place was read.</source>
        <translation>{name} ist beschädigt oder abgeschnitten; was vor dieser Stelle steht, wurde gelesen.</translation>
    </message>
    <message>
        <source>{name} is damaged or not complete ({reason}). Fetch it again.</source>
        <translation>{name} ist beschädigt oder unvollständig ({reason}). Holen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>{path} is damaged or not complete. Fetch it again.</source>
        <translation>{path} ist beschädigt oder unvollständig. Holen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>{path} is damaged. Fetch that folder again.</source>
        <translation>{path} ist beschädigt. Holen Sie jenen Ordner noch einmal.</translation>
    </message>
    <message>
        <source>{named_by} is empty. Name a folder for Tern&apos;s files with --data-dir DIR, or leave it out.</source>
        <translation>{named_by} ist leer. Nennen Sie mit --data-dir ORDNER einen Ordner für Terns Dateien, oder lassen Sie es weg.</translation>
    </message>
    <message>
        <source>{name} is empty: there is nothing in it to read.</source>
        <translation>{name} ist leer: Es gibt darin nichts zu lesen.</translation>
    </message>
    <message>
        <source>{name} is encrypted. Save a copy of it without a password and attach that.</source>
        <translation>{name} ist verschlüsselt. Sichern Sie eine Kopie ohne Passwort, und hängen Sie die an.</translation>
    </message>
    <message>
        <source>{name} is in Word&apos;s old format. Save it as DOCX or PDF and attach that.</source>
        <translation>{name} ist in Words altem Format. Sichern Sie es als DOCX oder PDF, und hängen Sie das an.</translation>
    </message>
    <message>
        <source>{name} is in rich text format. Save it as DOCX or plain text and attach that.</source>
        <translation>{name} ist im Rich-Text-Format. Sichern Sie es als DOCX oder reinen Text, und hängen Sie das an.</translation>
    </message>
    <message>
        <source>{name} is made for other kernels: its weights are in bitnet.cpp&apos;s {encoding}, which only that program&apos;s own build can compute. Take the i2_s file of the same model.</source>
        <translation>{name} ist für andere Kernels gemacht: Die Gewichte sind im {encoding} von bitnet.cpp, das nur der eigene Build jenes Programms rechnen kann. Nehmen Sie die i2_s-Datei desselben Modells.</translation>
    </message>
    <message>
        <source>{part} is missing, a part of this model. Put it beside {name}.</source>
        <translation>{part} fehlt, ein Teil dieses Modells. Legen Sie es neben {name}.</translation>
    </message>
    <message>
        <source>{name} is neither a BitNet nor of llama&apos;s architecture: Tern cannot re-encode it.</source>
        <translation>{name} ist weder ein BitNet noch von der Architektur llama: Tern kann es nicht umkodieren.</translation>
    </message>
    <message>
        <source>{host} is no address that Tern can ask. Check the mirror in the settings.</source>
        <translation>{host} ist keine Adresse, bei der Tern fragen kann. Prüfen Sie den Spiegel in den Einstellungen.</translation>
    </message>
    <message>
        <source>Tern can&apos;t read {name}. It reads text, Markdown, code, CSV, PDF and DOCX.</source>
        <translation>{name} ist kein Text, den Tern lesen kann. Hängen Sie Text, Markdown, Code, CSV, PDF oder DOCX an.</translation>
    </message>
    <message>
        <source>{what!r} is not a name that the hub can have. Write OWNER/NAME, as on its page.</source>
        <translation>{what!r} ist kein Name, den der Hub haben kann. Schreiben Sie OWNER/NAME wie auf seiner Seite.</translation>
    </message>
    <message>
        <source>{repo!r} is not a repository of the hub; write OWNER/NAME, as on its page.</source>
        <translation>{repo!r} ist kein Repository des Hubs; schreiben Sie OWNER/NAME wie auf seiner Seite.</translation>
    </message>
    <message>
        <source>{name} writes all words of a reply at once (diffusion); Tern runs models that write word by word. Choose another model.</source>
        <translation>{name} schreibt alle Wörter einer Antwort auf einmal (Diffusion); Tern führt Modelle aus, die Wort für Wort schreiben. Wählen Sie ein anderes Modell.</translation>
    </message>
    <message>
        <source>{title} is not on this computer yet. Fetch it with: tern models fetch {name}</source>
        <translation>{title} ist noch nicht auf diesem Computer. Holen Sie es mit: tern models fetch {name}</translation>
    </message>
    <message>
        <source>{path} is not what it should be. Fetch it again.</source>
        <translation>{path} ist nicht, was es sein soll. Holen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>{name} is of llama&apos;s architecture, which runs in TQ2_0 or TQ1_0. Choose one of them.</source>
        <translation>{name} ist von der Architektur llama, die in TQ2_0 oder TQ1_0 läuft. Wählen Sie eins davon.</translation>
    </message>
    <message>
        <source>{name} is part {part} of {count} of a model. Choose its first part.</source>
        <translation>{name} ist Teil {part} von {count} eines Modells. Wählen Sie den ersten Teil.</translation>
    </message>
    <message>
        <source>{name} is too large to unpack. Save the part you need as a smaller file.</source>
        <translation>{name} ist zu groß zum Entpacken. Sichern Sie den Teil, den Sie brauchen, als kleinere Datei.</translation>
    </message>
    <message>
        <source>{program} cannot be started ({reason}). --peer takes the path of a benchmark program: llama-bench of llama.cpp, or one with its options.</source>
        <translation>{program} lässt sich nicht starten ({reason}). --peer erwartet den Pfad eines Messprogramms: llama-bench von llama.cpp oder eines mit denselben Optionen.</translation>
    </message>
    <message>
        <source>{program} failed with exit code {code}: {reason}
If it cannot open that file, give it one that it can: --peer-model FILE.</source>
        <translation>{program} ist mit dem Code {code} gescheitert: {reason}
Wenn es diese Datei nicht öffnen kann, geben Sie ihm eine, die es kann: --peer-model FILE.</translation>
    </message>
    <message>
        <source>{repo} lacks {missing}, a part of this model. Look for another repository.</source>
        <translation>{repo} fehlt {missing}, ein Teil dieses Modells. Suchen Sie ein anderes Verzeichnis des Hubs.</translation>
    </message>
    <message>
        <source>{name} makes speech, not text. Choose a chat model.</source>
        <translation>{name} erzeugt Sprache und keinen Text. Wählen Sie ein Chat-Modell.</translation>
    </message>
    <message>
        <source>{name} names no begin or end token, so Tern cannot chat with it. Fetch the model from its original source.</source>
        <translation>{name} nennt kein Anfangs- oder Endtoken, deshalb kann Tern nicht damit chatten. Holen Sie das Modell von seiner ursprünglichen Quelle.</translation>
    </message>
    <message>
        <source>{name} needs something that the llama.cpp in this Tern lacks ({reason}). A newer Tern may have it; until then, choose another model.</source>
        <translation>{name} braucht etwas, das dem llama.cpp in diesem Tern fehlt ({reason}). Ein neueres Tern hat es vielleicht; wählen Sie bis dahin ein anderes Modell.</translation>
    </message>
    <message>
        <source>{repo} now offers another {file} than the one Tern knows as {name}, so it was not fetched. To take it all the same: tern models fetch {repo} {file}</source>
        <translation>{repo} bietet jetzt ein anderes {file} an als das, was Tern als {name} kennt, deshalb wurde es nicht geholt. Um es trotzdem zu nehmen: tern models fetch {repo} {file}</translation>
    </message>
    <message>
        <source>{repo} now offers another {file} than the one that is here, so this one cannot be mended. Fetch it again to have the new one.</source>
        <translation>{repo} bietet jetzt ein anderes {file} an als das, was hier ist, deshalb lässt sich dieses nicht reparieren. Holen Sie es noch einmal, um das neue zu haben.</translation>
    </message>
    <message>
        <source>{name} only drafts words for a larger model and cannot chat by itself. Choose the larger model.</source>
        <translation>{name} entwirft nur Wörter für ein größeres Modell und kann nicht allein chatten. Wählen Sie das größere Modell.</translation>
    </message>
    <message>
        <source>{name} ranks texts and writes none. Choose a chat model.</source>
        <translation>{name} ordnet Texte nach ihrem Rang und schreibt keine. Wählen Sie ein Chat-Modell.</translation>
    </message>
    <message>
        <source>{name} rewrites one text into another (T5), which Tern cannot chat with. Choose a chat model.</source>
        <translation>{name} schreibt einen Text in einen anderen um (T5); damit kann Tern nicht chatten. Wählen Sie ein Chat-Modell.</translation>
    </message>
    <message>
        <source>{host} says that too many requests came from here (429); after some minutes it answers again.</source>
        <translation>{host} sagt, dass von hier zu viele Anfragen kamen (429); nach einigen Minuten antwortet es wieder.</translation>
    </message>
    <message>
        <source>{host} says that {what} has no more bytes where Tern wanted to go on (416).</source>
        <translation>{host} sagt, dass {what} dort keine Bytes mehr hat, wo Tern weitermachen wollte (416).</translation>
    </message>
    <message>
        <source>{host} sends Tern in circles. Try again later, or use another mirror.</source>
        <translation>{host} schickt Tern im Kreis. Versuchen Sie es später noch einmal, oder nehmen Sie einen anderen Spiegel.</translation>
    </message>
    <message>
        <source>{host} sends the file compressed ({encoding}), which Tern did not ask for and cannot undo. Use another mirror.</source>
        <translation>{host} sendet die Datei komprimiert ({encoding}), was Tern nicht verlangt hat und nicht rückgängig machen kann. Nehmen Sie einen anderen Spiegel.</translation>
    </message>
    <message>
        <source>{host} sends the file compressed, and what comes cannot be unpacked. Try again, or use another mirror.</source>
        <translation>{host} sendet die Datei komprimiert, und was ankommt, lässt sich nicht entpacken. Versuchen Sie es noch einmal, oder nehmen Sie einen anderen Spiegel.</translation>
    </message>
    <message>
        <source>{host} sent other bytes than asked for. Try again, or use another mirror.</source>
        <translation>{host} sandte andere Bytes als verlangt. Versuchen Sie es noch einmal, oder nehmen Sie einen anderen Spiegel.</translation>
    </message>
    <message>
        <source>{file} was replaced on the server while it was fetched. Fetch it once more: that begins again with the new file.</source>
        <translation>{file} wurde auf dem Server ersetzt, während es geholt wurde. Holen Sie es noch einmal: Das beginnt mit der neuen Datei von vorn.</translation>
    </message>
</context>
<context>
    <name>figures</name>
    <message>
        <source>1 token</source>
        <translation>1 Token</translation>
    </message>
    <message>
        <source>bytes</source>
        <translation>Bytes</translation>
    </message>
    <message>
        <source>first word after {0}</source>
        <translation>erstes Wort nach {0}</translation>
    </message>
    <message>
        <source>tokens/s</source>
        <translation>Token/s</translation>
    </message>
    <message>
        <source>{0} tokens</source>
        <translation>{0} Token</translation>
    </message>
    <message>
        <source>{0}%</source>
        <translation>{0} %</translation>
    </message>
</context>
<context>
    <name>files</name>
    <message>
        <source>All files (*)</source>
        <translation>Alle Dateien (*)</translation>
    </message>
    <message>
        <source>Chats (*.json *.zip *.chat)</source>
        <translation>Gespräche (*.json *.zip *.chat)</translation>
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
        <source>Import chats</source>
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
</context>
<context>
    <name>fit</name>
    <message>
        <source>fits this computer</source>
        <translation>passt auf diesen Computer</translation>
    </message>
    <message>
        <source>too large for the disk: {0} free</source>
        <translation>zu groß für die Festplatte: {0} frei</translation>
    </message>
    <message>
        <source>too large for this computer&apos;s memory: {0}</source>
        <translation>zu groß für den Arbeitsspeicher: {0}</translation>
    </message>
</context>
<context>
    <name>folding</name>
    <message>
        <source>Thinking…</source>
        <translation>Denkt nach …</translation>
    </message>
    <message>
        <source>Thought for a moment</source>
        <translation>Kurz nachgedacht</translation>
    </message>
</context>
<context>
    <name>grounds</name>
    <message>
        <source>{0}, too long to colour</source>
        <translation>{0}, zu lang zum Einfärben</translation>
    </message>
</context>
<context>
    <name>import</name>
    <message>
        <source>1 chat was imported.</source>
        <translation>1 Gespräch wurde importiert.</translation>
    </message>
    <message>
        <source>1 could not be read.</source>
        <translation>1 war nicht lesbar.</translation>
    </message>
    <message>
        <source>1 holds no messages.</source>
        <translation>1 enthält keine Nachrichten.</translation>
    </message>
    <message>
        <source>1 was here already.</source>
        <translation>1 war schon hier.</translation>
    </message>
    <message>
        <source>And {0} more.</source>
        <translation>Und {0} weitere.</translation>
    </message>
    <message>
        <source>Left out: {0}.</source>
        <translation>Weggelassen: {0}.</translation>
    </message>
    <message>
        <source>Nothing was imported.</source>
        <translation>Nichts wurde importiert.</translation>
    </message>
    <message>
        <source>Without a title</source>
        <translation>Ohne Titel</translation>
    </message>
    <message>
        <source>attached files</source>
        <translation>angehängte Dateien</translation>
    </message>
    <message>
        <source>hidden messages</source>
        <translation>verborgene Nachrichten</translation>
    </message>
    <message>
        <source>pictures</source>
        <translation>Bilder</translation>
    </message>
    <message>
        <source>recordings</source>
        <translation>Aufnahmen</translation>
    </message>
    <message>
        <source>Some parts were left out.</source>
        <translation>Einiges fehlt.</translation>
    </message>
    <message>
        <source>attachment markers</source>
        <translation>Angaben zu Anhängen</translation>
    </message>
    <message>
        <source>reply figures</source>
        <translation>Zahlen zu Antworten</translation>
    </message>
    <message>
        <source>tool steps</source>
        <translation>Werkzeugschritte</translation>
    </message>
    <message>
        <source>unreadable messages</source>
        <translation>unlesbare Nachrichten</translation>
    </message>
    <message>
        <source>{0} chats were imported.</source>
        <translation>{0} Gespräche wurden importiert.</translation>
    </message>
    <message>
        <source>{0} could not be read.</source>
        <translation>{0} waren nicht lesbar.</translation>
    </message>
    <message>
        <source>{0} hold no messages.</source>
        <translation>{0} enthalten keine Nachrichten.</translation>
    </message>
    <message>
        <source>{0} were here already.</source>
        <translation>{0} waren schon hier.</translation>
    </message>
    <message>
        <source>{0}: could not be read.</source>
        <translation>{0}: war nicht lesbar.</translation>
    </message>
    <message>
        <source>{0}: holds no messages.</source>
        <translation>{0}: enthält keine Nachrichten.</translation>
    </message>
    <message>
        <source>{0}: is here already.</source>
        <translation>{0}: ist schon hier.</translation>
    </message>
    <message>
        <source>{0}: {1} of {2} messages.</source>
        <translation>{0}: {1} von {2} Nachrichten.</translation>
    </message>
</context>
<context>
    <name>jobs</name>
    <message>
        <source>Something went wrong inside Tern. The details are in its log; try again.</source>
        <translation>In Tern ist etwas schiefgegangen. Näheres steht im Protokoll; versuchen Sie es noch einmal.</translation>
    </message>
    <message>
        <source>The disk reported an error ({0}).</source>
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
        <source>No program here opens it. Copy the address:</source>
        <translation>Kein Programm öffnet ihn hier. Kopieren Sie die Adresse:</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>Öffnen</translation>
    </message>
    <message>
        <source>Open this link in your browser? That leaves this computer.</source>
        <translation>Diesen Link im Browser öffnen? Er führt aus diesem Computer hinaus.</translation>
    </message>
    <message>
        <source>Tern does not open this kind of link:</source>
        <translation>Tern öffnet solche Links nicht:</translation>
    </message>
    <message>
        <source>This link is broken: it has no valid address.</source>
        <translation>Dieser Link ist kaputt: Er hat keine gültige Adresse.</translation>
    </message>
    <message>
        <source>Write to this address in your mail program?</source>
        <translation>An diese Adresse im Mail-Programm schreiben?</translation>
    </message>
</context>
<context>
    <name>look_menu</name>
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
    <name>menu_bar</name>
    <message>
        <source>&amp;Chat</source>
        <translation>&amp;Chat</translation>
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
        <source>Check for a newer version</source>
        <translation>Nach neuerer Version suchen</translation>
    </message>
    <message>
        <source>Context</source>
        <translation>Kontext</translation>
    </message>
    <message>
        <source>Convert to {0}…</source>
        <translation>In {0} umwandeln …</translation>
    </message>
    <message>
        <source>Copy hash</source>
        <translation>Prüfsumme kopieren</translation>
    </message>
    <message>
        <source>Copy into Tern&apos;s folder</source>
        <translation>In Terns Ordner kopieren</translation>
    </message>
    <message>
        <source>Disk</source>
        <translation>Festplatte</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>Download</translation>
    </message>
    <message>
        <source>Export for llama.cpp…</source>
        <translation>Für llama.cpp exportieren …</translation>
    </message>
    <message>
        <source>File</source>
        <translation>Datei</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>Dateien</translation>
    </message>
    <message>
        <source>Good at</source>
        <translation>Gut für</translation>
    </message>
    <message>
        <source>It arrived damaged. Only the damaged parts are downloaded again.</source>
        <translation>Beschädigt angekommen. Nur die beschädigten Teile werden neu geladen.</translation>
    </message>
    <message>
        <source>Kernels</source>
        <translation>Kernel</translation>
    </message>
    <message>
        <source>Languages</source>
        <translation>Sprachen</translation>
    </message>
    <message>
        <source>Licence</source>
        <translation>Lizenz</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>Arbeitsspeicher</translation>
    </message>
    <message>
        <source>More: {0}</source>
        <translation>Mehr: {0}</translation>
    </message>
    <message>
        <source>Move to trash</source>
        <translation>In den Papierkorb verschieben</translation>
    </message>
    <message>
        <source>On this computer it writes {0}.</source>
        <translation>Auf diesem Computer schreibt es {0}.</translation>
    </message>
    <message>
        <source>Weak at: {0}</source>
        <translation>Schwach bei: {0}</translation>
    </message>
    <message numerus="yes">
        <source>about %n word(s)/s</source>
        <translation>
            <numerusform>etwa %n Wort/s</numerusform>
            <numerusform>etwa %n Wörter/s</numerusform>
        </translation>
    </message>
    <message>
        <source>answers verified on this computer {0}</source>
        <translation>Antworten auf diesem Computer geprüft {0}</translation>
    </message>
    <message>
        <source>llama.cpp</source>
        <translation>llama.cpp</translation>
    </message>
    <message>
        <source>size on request</source>
        <translation>Größe auf Anfrage</translation>
    </message>
    <message>
        <source>{0} here</source>
        <translation>{0} hier</translation>
    </message>
    <message>
        <source>{0} of memory</source>
        <translation>{0} Arbeitsspeicher</translation>
    </message>
    <message>
        <source>{0} tokens</source>
        <translation>{0} Tokens</translation>
    </message>
    <message>
        <source>{0} · built in · answers questions about Tern only</source>
        <translation>{0} · eingebaut · beantwortet nur Fragen zu Tern</translation>
    </message>
    <message>
        <source>{0}: needs twice its size on disk</source>
        <translation>{0}: braucht das Doppelte seiner Größe</translation>
    </message>
    <message>
        <source>In use</source>
        <translation>In Gebrauch</translation>
    </message>
    <message>
        <source>Make a GGUF of it</source>
        <translation>Ein GGUF daraus machen</translation>
    </message>
    <message>
        <source>Opens this model&apos;s menu.</source>
        <translation>Öffnet das Menü dieses Modells.</translation>
    </message>
    <message>
        <source>Remove from the list</source>
        <translation>Aus der Liste entfernen</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>Umbenennen</translation>
    </message>
    <message>
        <source>Repair</source>
        <translation>Reparieren</translation>
    </message>
    <message>
        <source>Repository</source>
        <translation>Repository</translation>
    </message>
    <message>
        <source>Runs in</source>
        <translation>Läuft in</translation>
    </message>
    <message>
        <source>SHA-256</source>
        <translation>SHA-256</translation>
    </message>
    <message>
        <source>Show the file</source>
        <translation>Datei zeigen</translation>
    </message>
    <message>
        <source>Speed here</source>
        <translation>Tempo hier</translation>
    </message>
    <message>
        <source>State</source>
        <translation>Zustand</translation>
    </message>
    <message>
        <source>Takes {0} of disk in all, then works without a network.</source>
        <translation>Belegt insgesamt {0} auf der Festplatte; danach geht es ohne Netz.</translation>
    </message>
    <message>
        <source>Tern&apos;s guide</source>
        <translation>Der Guide von Tern</translation>
    </message>
    <message>
        <source>Tern&apos;s own engine</source>
        <translation>Terns eigener Engine</translation>
    </message>
    <message>
        <source>Tern&apos;s own engine, after conversion</source>
        <translation>Terns eigener Engine, nach Umwandlung</translation>
    </message>
    <message>
        <source>Verify</source>
        <translation>Prüfen</translation>
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
        <source>damaged</source>
        <translation>beschädigt</translation>
    </message>
    <message>
        <source>its file is missing</source>
        <translation>die Datei fehlt</translation>
    </message>
    <message>
        <source>on {0}</source>
        <translation>am {0}</translation>
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
</context>
<context>
    <name>model_row</name>
    <message>
        <source>Details of {0}</source>
        <translation>Details zu {0}</translation>
    </message>
    <message>
        <source>Enter keeps the title, Esc does not. Empty restores the original.</source>
        <translation>Enter behält den Titel, Esc nicht. Leer stellt den ursprünglichen wieder her.</translation>
    </message>
    <message>
        <source>Shows or hides licence, source and file.</source>
        <translation>Zeigt oder verbirgt Lizenz, Herkunft und Datei.</translation>
    </message>
    <message>
        <source>Title</source>
        <translation>Titel</translation>
    </message>
</context>
<context>
    <name>network_word</name>
    <message>
        <source>A download can be resumed. Click to see it.</source>
        <translation>Ein Download lässt sich fortsetzen. Ein Klick zeigt ihn.</translation>
    </message>
    <message>
        <source>Download paused at {0}</source>
        <translation>Download angehalten bei {0}</translation>
    </message>
    <message>
        <source>Download waits at {0}</source>
        <translation>Download wartet bei {0}</translation>
    </message>
    <message>
        <source>Downloaded {0}</source>
        <translation>Heruntergeladen {0}</translation>
    </message>
    <message>
        <source>Downloading {0}</source>
        <translation>Lädt herunter: {0}</translation>
    </message>
    <message>
        <source>Downloading…</source>
        <translation>Lädt herunter …</translation>
    </message>
    <message>
        <source>Looked up {0}</source>
        <translation>Nachgeschlagen {0}</translation>
    </message>
    <message>
        <source>Network off</source>
        <translation>Netz aus</translation>
    </message>
    <message>
        <source>No answer {0}</source>
        <translation>Keine Antwort ({0})</translation>
    </message>
    <message>
        <source>No network used</source>
        <translation>Kein Netz benutzt</translation>
    </message>
    <message>
        <source>Paused at {0}</source>
        <translation>Angehalten: {0}</translation>
    </message>
    <message>
        <source>Searched {0}</source>
        <translation>Gesucht {0}</translation>
    </message>
    <message>
        <source>Tern has not used the network since it started. Click to see past connections.</source>
        <translation>Tern hat das Netz seit dem Start nicht benutzt. Klicken Sie, um frühere Verbindungen zu sehen.</translation>
    </message>
    <message>
        <source>Tern is offline. Click to see past connections.</source>
        <translation>Tern ist offline. Klicken Sie, um frühere Verbindungen zu sehen.</translation>
    </message>
    <message>
        <source>The last connection was to {0}. Click to see all connections.</source>
        <translation>Die letzte Verbindung ging zu {0}. Klicken Sie, um alle zu sehen.</translation>
    </message>
    <message>
        <source>Waits at {0}</source>
        <translation>Wartet: {0}</translation>
    </message>
    <message>
        <source>What is being downloaded now. Click to see it.</source>
        <translation>Was gerade heruntergeladen wird. Ein Klick zeigt es.</translation>
    </message>
    <message>
        <source>just now</source>
        <translation>gerade eben</translation>
    </message>
    <message>
        <source>{0} h ago</source>
        <translation>vor {0} h</translation>
    </message>
    <message>
        <source>{0} min ago</source>
        <translation>vor {0} min</translation>
    </message>
</context>
<context>
    <name>pace</name>
    <message>
        <source>about as fast as you read</source>
        <translation>etwa so schnell, wie Sie lesen</translation>
    </message>
    <message>
        <source>about eight times as fast as you read</source>
        <translation>etwa achtmal so schnell, wie Sie lesen</translation>
    </message>
    <message>
        <source>about five times as fast as you read</source>
        <translation>etwa fünfmal so schnell, wie Sie lesen</translation>
    </message>
    <message>
        <source>about four times as fast as you read</source>
        <translation>etwa viermal so schnell, wie Sie lesen</translation>
    </message>
    <message>
        <source>about nine times as fast as you read</source>
        <translation>etwa neunmal so schnell, wie Sie lesen</translation>
    </message>
    <message>
        <source>about one and a half times as fast as you read</source>
        <translation>etwa anderthalbmal so schnell, wie Sie lesen</translation>
    </message>
    <message>
        <source>about seven times as fast as you read</source>
        <translation>etwa siebenmal so schnell, wie Sie lesen</translation>
    </message>
    <message>
        <source>about six times as fast as you read</source>
        <translation>etwa sechsmal so schnell, wie Sie lesen</translation>
    </message>
    <message>
        <source>about ten times as fast as you read</source>
        <translation>etwa zehnmal so schnell, wie Sie lesen</translation>
    </message>
    <message>
        <source>about three times as fast as you read</source>
        <translation>etwa dreimal so schnell, wie Sie lesen</translation>
    </message>
    <message>
        <source>about twice as fast as you read</source>
        <translation>etwa doppelt so schnell, wie Sie lesen</translation>
    </message>
    <message>
        <source>about {0} times as fast as you read</source>
        <translation>etwa {0}-mal so schnell, wie Sie lesen</translation>
    </message>
    <message>
        <source>slower than you read</source>
        <translation>langsamer, als Sie lesen</translation>
    </message>
</context>
<context>
    <name>palette_commands</name>
    <message>
        <source>Chat</source>
        <translation>Chat</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>Modell</translation>
    </message>
    <message>
        <source>Preset</source>
        <translation>Vorlage</translation>
    </message>
    <message>
        <source>Setting</source>
        <translation>Einstellung</translation>
    </message>
    <message>
        <source>model, switch model, use</source>
        <translation>Modell, Modell wechseln, benutzen</translation>
    </message>
    <message>
        <source>preset, persona, system prompt</source>
        <translation>Vorlage, Rolle, System-Prompt, preset</translation>
    </message>
</context>
<context>
    <name>presenting</name>
    <message>
        <source>Context: {0}</source>
        <translation>Kontext: {0}</translation>
    </message>
    <message>
        <source>Cut off when Tern ended.</source>
        <translation>Abgebrochen, als Tern endete.</translation>
    </message>
    <message>
        <source>First word after {0}</source>
        <translation>Erstes Wort nach {0}</translation>
    </message>
    <message>
        <source>No reply.</source>
        <translation>Keine Antwort.</translation>
    </message>
    <message>
        <source>Read for it: {0}</source>
        <translation>Dafür gelesen: {0}</translation>
    </message>
    <message>
        <source>Remembered from before: {0}</source>
        <translation>Von vorher behalten: {0}</translation>
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
        <source>The context is full. Start a new chat to continue.</source>
        <translation>Der Kontext ist voll: Beginnen Sie einen neuen Chat, um weiterzumachen.</translation>
    </message>
    <message>
        <source>The length limit was reached.</source>
        <translation>Die Längengrenze wurde erreicht.</translation>
    </message>
    <message>
        <source>Today</source>
        <translation>Heute</translation>
    </message>
    <message>
        <source>Written: {0}</source>
        <translation>Geschrieben: {0}</translation>
    </message>
    <message>
        <source>Yesterday</source>
        <translation>Gestern</translation>
    </message>
</context>
<context>
    <name>presets</name>
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
        <source>Default</source>
        <translation>Standard</translation>
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
        <source>30 days</source>
        <translation>30 Tage</translation>
    </message>
    <message>
        <source>Accent colour</source>
        <translation>Akzentfarbe</translation>
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
        <source>Chats and privacy</source>
        <translation>Chats und Privatsphäre</translation>
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
        <source>Creative</source>
        <translation>Kreativ</translation>
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
        <source>Enter sends</source>
        <translation>Eingabe sendet</translation>
    </message>
    <message>
        <source>Forget at once</source>
        <translation>Sofort vergessen</translation>
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
        <source>How freely words are chosen. 0 always takes the likeliest.</source>
        <translation>Wie frei Wörter gewählt werden. 0 nimmt immer das wahrscheinlichste.</translation>
    </message>
    <message>
        <source>How long you can restore a deleted chat. After that it is erased, from Tern&apos;s backups too.</source>
        <translation>Wie lange sich ein gelöschtes Gespräch wiederherstellen lässt. Danach werden seine Worte entfernt, auch aus Terns Sicherungen.</translation>
    </message>
    <message>
        <source>Keep deleted chats</source>
        <translation>Gelöschte Chats behalten</translation>
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
        <source>Min-p</source>
        <translation>Min-p</translation>
    </message>
    <message>
        <source>Moss</source>
        <translation>Moos</translation>
    </message>
    <message>
        <source>Network</source>
        <translation>Netzwerk</translation>
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
        <source>A mirror of Hugging Face, as https://HOST. Leave empty for huggingface.co.</source>
        <translation>Ein Spiegelserver von Hugging Face, als https://HOST. Leer lassen für huggingface.co.</translation>
    </message>
    <message>
        <source>Above 1, a recent token is less likely to be repeated. 1 turns it off.</source>
        <translation>Über 1 werden Token aus dem jüngsten Text seltener wiederholt. 1 schaltet es ab.</translation>
    </message>
    <message>
        <source>Advanced</source>
        <translation>Erweitert</translation>
    </message>
    <message>
        <source>Blocks all network access, including downloads. When off, Tern connects only when you search for a model or download one.</source>
        <translation>Sperrt jeden Netzwerkzugriff, auch Downloads. Ist dies aus, verbindet sich Tern nur, wenn Sie ein Modell suchen oder herunterladen.</translation>
    </message>
    <message>
        <source>Choose among the likeliest tokens that together reach this probability. 1 turns it off.</source>
        <translation>Wählt unter den wahrscheinlichsten Token, die zusammen diese Wahrscheinlichkeit erreichen. 1 schaltet es ab.</translation>
    </message>
    <message>
        <source>Choose among this many of the likeliest tokens.</source>
        <translation>Wählt unter so vielen der wahrscheinlichsten Token.</translation>
    </message>
    <message>
        <source>Closing the window keeps Tern running there. Quit ends it.</source>
        <translation>Nach dem Schließen des Fensters läuft Tern dort weiter. „Beenden“ beendet es.</translation>
    </message>
    <message>
        <source>Colours buttons, links and the focus ring.</source>
        <translation>Färbt Schaltflächen, Links und den Fokusrahmen.</translation>
    </message>
    <message>
        <source>Context precision (KV cache)</source>
        <translation>Genauigkeit des Kontexts (KV-Cache)</translation>
    </message>
    <message>
        <source>For downloads, as http://HOST:PORT or socks5://HOST:PORT. Leave empty for the system&apos;s.</source>
        <translation>Für Downloads, als http://HOST:PORT oder socks5://HOST:PORT. Leer lassen für den des Systems.</translation>
    </message>
    <message>
        <source>How many processor cores the model uses. Automatic picks the fastest.</source>
        <translation>Wie viele Prozessorkerne das Modell nutzt. „Automatisch“ wählt die schnellste Zahl.</translation>
    </message>
    <message>
        <source>How many tokens the model can look back on. Less takes less memory.</source>
        <translation>Auf wie viele Token das Modell zurückblicken kann. Weniger braucht weniger Arbeitsspeicher.</translation>
    </message>
    <message>
        <source>In pixels. Everything else scales with it.</source>
        <translation>In Pixeln. Alles andere wächst mit.</translation>
    </message>
    <message>
        <source>Instruments</source>
        <translation>Instrumente</translation>
    </message>
    <message>
        <source>Kernels for BitNet</source>
        <translation>Kernels für BitNet</translation>
    </message>
    <message>
        <source>Leave out tokens less likely than this fraction of the likeliest one. 0 turns it off.</source>
        <translation>Lässt Token weg, die unwahrscheinlicher sind als dieser Bruchteil des wahrscheinlichsten. 0 schaltet es ab.</translation>
    </message>
    <message>
        <source>Model hub (mirror)</source>
        <translation>Modell-Hub (Spiegelserver)</translation>
    </message>
    <message>
        <source>Models and memory</source>
        <translation>Modelle und Speicher</translation>
    </message>
    <message>
        <source>Nothing slides or blinks. Follows your system&apos;s “reduce motion” as well.</source>
        <translation>Nichts gleitet oder blinkt. Richtet sich auch nach „Bewegung reduzieren“ Ihres Systems.</translation>
    </message>
    <message>
        <source>Precise</source>
        <translation>Präzise</translation>
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
        <source>Reading pace</source>
        <translation>Lesetempo</translation>
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
        <source>Sent before each chat. Leave empty for none.</source>
        <translation>Geht jedem Chat voraus. Leer lassen für keinen.</translation>
    </message>
    <message>
        <source>Spacing of lists and messages.</source>
        <translation>Abstände in Listen und zwischen Nachrichten.</translation>
    </message>
    <message>
        <source>Stops a reply after this many tokens.</source>
        <translation>Beendet eine Antwort nach so vielen Token.</translation>
    </message>
    <message>
        <source>Tern&apos;s (exact)</source>
        <translation>Terns (exakt)</translation>
    </message>
    <message>
        <source>The line at the foot of the window.</source>
        <translation>Die Zeile unten im Fenster.</translation>
    </message>
    <message>
        <source>The most a download may use, in megabytes a second.</source>
        <translation>Was ein Download höchstens nutzen darf, in Megabyte pro Sekunde.</translation>
    </message>
    <message>
        <source>The same seed gives the same reply to the same question.</source>
        <translation>Derselbe Startwert ergibt auf dieselbe Frage dieselbe Antwort.</translation>
    </message>
    <message>
        <source>Uses half the threads: a cooler, quieter computer and slower replies.</source>
        <translation>Nutzt die Hälfte der Threads: Der Computer bleibt kühler und leiser, Antworten kommen langsamer.</translation>
    </message>
    <message>
        <source>When off, Enter starts a new line and Ctrl+Enter sends.</source>
        <translation>Ist dies aus, beginnt die Eingabetaste eine neue Zeile, und Strg+Eingabe sendet.</translation>
    </message>
    <message>
        <source>Stay in the notification area</source>
        <translation>Im Infobereich bleiben</translation>
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
        <source>The app&apos;s language. Takes effect after a restart. The model answers in the language you write in.</source>
        <translation>Die Sprache der App. Gilt nach einem Neustart. Das Modell antwortet in der Sprache, in der Sie schreiben.</translation>
    </message>
    <message>
        <source>The model&apos;s</source>
        <translation>Wie das Modell</translation>
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
        <source>Top-k</source>
        <translation>Top-k</translation>
    </message>
    <message>
        <source>Top-p</source>
        <translation>Top-p</translation>
    </message>
    <message>
        <source>Words a minute that you read. The stage and the forecasts compare with it; the stage can measure it.</source>
        <translation>Wörter in der Minute, die Sie lesen. Die Bühne und die Vorhersagen vergleichen damit; die Bühne kann es messen.</translation>
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
        <source>f32 is exact and large; q8_0 is small, and faster in long chats.</source>
        <translation>f32 ist exakt und groß; q8_0 ist klein und in langen Chats schneller.</translation>
    </message>
    <message>
        <source>llama.cpp&apos;s TQ2_0</source>
        <translation>llama.cpps TQ2_0</translation>
    </message>
    <message>
        <source>llama.cpp&apos;s are for comparison: slower, not exact. They need a copy of the model, about as large as the model.</source>
        <translation>Die von llama.cpp sind zum Vergleich da: langsamer, nicht exakt. Sie brauchen eine Kopie des Modells, etwa so groß wie dieses.</translation>
    </message>
    <message>
        <source>q8_0 (small)</source>
        <translation>q8_0 (klein)</translation>
    </message>
</context>
<context>
    <name>settings_page</name>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
</context>
<context>
    <name>stage</name>
    <message>
        <source>Animation</source>
        <translation>Animation</translation>
    </message>
    <message>
        <source>Black</source>
        <translation>Schwarz</translation>
    </message>
    <message>
        <source>Both are shown {0} times as slowly as they were.</source>
        <translation>Beide sind {0}-mal so langsam gezeigt, wie sie waren.</translation>
    </message>
    <message>
        <source>Both in their true pace, beside each other</source>
        <translation>Beide nebeneinander in ihrem wahren Tempo</translation>
    </message>
    <message>
        <source>By itself</source>
        <translation>Von selbst</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>Abbrechen</translation>
    </message>
    <message>
        <source>Done</source>
        <translation>Fertig</translation>
    </message>
    <message>
        <source>Edit</source>
        <translation>Ändern</translation>
    </message>
    <message>
        <source>Edit prompts</source>
        <translation>Fragen ändern</translation>
    </message>
    <message>
        <source>First word after {0} and {1}. In turn, threads for each: {2}.</source>
        <translation>Erstes Wort nach {0} und {1}. Nacheinander, Threads je {2}.</translation>
    </message>
    <message>
        <source>Go to the other screen</source>
        <translation>Zum anderen Bildschirm</translation>
    </message>
    <message>
        <source>Key: {0}</source>
        <translation>Taste: {0}</translation>
    </message>
    <message>
        <source>Leave</source>
        <translation>Verlassen</translation>
    </message>
    <message>
        <source>Leave the stage</source>
        <translation>Die Bühne verlassen</translation>
    </message>
    <message>
        <source>Measure your reading pace</source>
        <translation>Ihr Lesetempo messen</translation>
    </message>
    <message>
        <source>One at a time: now llama.cpp&apos;s kernels. Their copy is made once. Esc cancels. {0}</source>
        <translation>Einer nach dem anderen: nun llama.cpps Kernels. Ihre Kopie entsteht einmal. Esc bricht ab. {0}</translation>
    </message>
    <message>
        <source>Opening the model for the race… Esc cancels.</source>
        <translation>Das Modell wird für das Rennen geöffnet … Esc bricht ab.</translation>
    </message>
    <message>
        <source>Other programs took {0} of the processors.</source>
        <translation>Andere Programme nahmen {0} der Prozessoren.</translation>
    </message>
    <message>
        <source>Paper</source>
        <translation>Papier</translation>
    </message>
    <message>
        <source>Paper or black</source>
        <translation>Papier oder Schwarz</translation>
    </message>
    <message>
        <source>Picture</source>
        <translation>Bild</translation>
    </message>
    <message>
        <source>Prompt {0}</source>
        <translation>Frage {0}</translation>
    </message>
    <message>
        <source>Prompts</source>
        <translation>Fragen</translation>
    </message>
    <message>
        <source>Prompts on the keys 1 to 5. An empty one becomes Tern&apos;s own again.</source>
        <translation>Fragen auf den Tasten 1 bis 5. Eine leere wird wieder Terns eigene.</translation>
    </message>
    <message>
        <source>Race</source>
        <translation>Rennen</translation>
    </message>
    <message>
        <source>Race Tern&apos;s kernels against llama.cpp&apos;s</source>
        <translation>Terns Kernels gegen die von llama.cpp</translation>
    </message>
    <message>
        <source>Reading the question… {0} of {1} tokens</source>
        <translation>Liest die Frage … {0} von {1} Token</translation>
    </message>
    <message>
        <source>Run all prompts by itself, over and over</source>
        <translation>Alle Fragen von selbst, immer wieder</translation>
    </message>
    <message>
        <source>Save animation</source>
        <translation>Animation speichern</translation>
    </message>
    <message>
        <source>Save picture</source>
        <translation>Bild speichern</translation>
    </message>
    <message>
        <source>Screen</source>
        <translation>Bildschirm</translation>
    </message>
    <message>
        <source>Show the prompts</source>
        <translation>Die Fragen zeigen</translation>
    </message>
    <message>
        <source>Tern&apos;s kernels</source>
        <translation>Terns Kernels</translation>
    </message>
    <message>
        <source>The median of {0} runs.</source>
        <translation>Der Median von {0} Läufen.</translation>
    </message>
    <message>
        <source>The race could not be run; the details are in the log.</source>
        <translation>Das Rennen konnte nicht laufen; Näheres steht im Protokoll.</translation>
    </message>
    <message>
        <source>Timed now: Tern&apos;s kernels</source>
        <translation>Jetzt gemessen: Terns Kernels</translation>
    </message>
    <message>
        <source>Timed now: llama.cpp&apos;s kernels</source>
        <translation>Jetzt gemessen: llama.cpps Kernels</translation>
    </message>
    <message>
        <source>What can be done here</source>
        <translation>Was hier möglich ist</translation>
    </message>
    <message>
        <source>Your pace</source>
        <translation>Ihr Tempo</translation>
    </message>
    <message>
        <source>a copy, its head in Q6_K; not exact</source>
        <translation>eine Kopie, ihr Kopf in Q6_K; nicht exakt</translation>
    </message>
    <message>
        <source>llama.cpp&apos;s TQ2_0 kernels</source>
        <translation>llama.cpps TQ2_0-Kernels</translation>
    </message>
    <message>
        <source>the model&apos;s own file, exactly</source>
        <translation>die Datei des Modells selbst, exakt</translation>
    </message>
    <message>
        <source>tokens a second</source>
        <translation>Token in der Sekunde</translation>
    </message>
    <message>
        <source>words a minute</source>
        <translation>Wörter in der Minute</translation>
    </message>
    <message>
        <source>you read
here</source>
        <translation>Sie lesen
hier</translation>
    </message>
    <message>
        <source>{0} times as fast</source>
        <translation>{0}-mal so schnell</translation>
    </message>
</context>
<context>
    <name>synonyms</name>
    <message>
        <source>German, English, Deutsch, translation, locale</source>
        <translation>Deutsch, Englisch, English, Übersetzung, language</translation>
    </message>
    <message>
        <source>KV cache, memory, RAM, precision, quantization</source>
        <translation>KV-Cache, Speicher, RAM, Genauigkeit, Quantisierung</translation>
    </message>
    <message>
        <source>airplane mode, internet, network, block connections</source>
        <translation>Flugmodus, Internet, Netzwerk, Verbindungen sperren</translation>
    </message>
    <message>
        <source>animations, animation, accessibility</source>
        <translation>Animationen, Animation, Bedienungshilfen, Barrierefreiheit</translation>
    </message>
    <message>
        <source>automatic mode, system theme</source>
        <translation>automatisch, Systemdesign</translation>
    </message>
    <message>
        <source>background, minimize, close to tray, icon</source>
        <translation>Hintergrund, minimieren, Infobereich, Symbol, tray</translation>
    </message>
    <message>
        <source>bandwidth, download speed, throttle, slow internet</source>
        <translation>Bandbreite, Downloadgeschwindigkeit, Geschwindigkeit, drosseln, langsames Internet</translation>
    </message>
    <message>
        <source>bigger, bigger font, zoom in, increase</source>
        <translation>größer, größere Schrift, vergrößern, Zoom, zoom in</translation>
    </message>
    <message>
        <source>cancel, abort, interrupt</source>
        <translation>abbrechen, anhalten, unterbrechen</translation>
    </message>
    <message>
        <source>change question, correct, resend</source>
        <translation>Frage ändern, verbessern, noch einmal senden</translation>
    </message>
    <message>
        <source>chat list, history, panel</source>
        <translation>Chatliste, Verlauf, Seitenleiste</translation>
    </message>
    <message>
        <source>clipboard, copy answer</source>
        <translation>Zwischenablage, Antwort kopieren</translation>
    </message>
    <message>
        <source>colour, color, highlight</source>
        <translation>Farbe, Akzent, hervorheben</translation>
    </message>
    <message>
        <source>composer, type, prompt, ask</source>
        <translation>Eingabefeld, tippen, Prompt, fragen</translation>
    </message>
    <message>
        <source>creativity, randomness, random, imagination</source>
        <translation>Kreativität, Zufall, zufällig, Fantasie</translation>
    </message>
    <message>
        <source>dark mode, light mode, night, colours, colors</source>
        <translation>Dunkelmodus, Hellmodus, Nacht, Farben, dark mode</translation>
    </message>
    <message>
        <source>dark mode, night mode, black, theme</source>
        <translation>Dunkelmodus, dunkler Modus, Nachtmodus, schwarz, dark mode</translation>
    </message>
    <message>
        <source>demo, full screen, present, presentation, projector, reading speed, race, booth</source>
        <translation>Vorführung, Demo, Vollbild, Präsentation, Beamer, Lesetempo, Rennen, Stand</translation>
    </message>
    <message>
        <source>download a model, get BitNet, install, hub, Hugging Face, GGUF</source>
        <translation>Download, Modell herunterladen, BitNet holen, installieren, Hub, Hugging Face, GGUF</translation>
    </message>
    <message>
        <source>exit, close Tern</source>
        <translation>schließen, Tern schließen, exit</translation>
    </message>
    <message>
        <source>fan, noise, heat, battery, speed, cool</source>
        <translation>Lüfter, Lärm, Hitze, Akku, Geschwindigkeit, kühl</translation>
    </message>
    <message>
        <source>find, look for, history, conversations</source>
        <translation>suchen, finden, Verlauf, Gespräche</translation>
    </message>
    <message>
        <source>font size, bigger, smaller, letters, zoom, scale, readable</source>
        <translation>Schriftgröße, Schrift, größer, kleiner, Buchstaben, Zoom, lesbar, font</translation>
    </message>
    <message>
        <source>hotkeys, keys, shortcuts</source>
        <translation>Tasten, Tastenkürzel, Kurzbefehle, shortcuts</translation>
    </message>
    <message>
        <source>instructions, persona, custom instructions, role</source>
        <translation>Anweisungen, Rolle, eigene Anweisungen, Persona</translation>
    </message>
    <message>
        <source>keep on top, favorite, star</source>
        <translation>oben halten, Favorit, Stern</translation>
    </message>
    <message>
        <source>length, limit, maximum tokens, short answers</source>
        <translation>Länge, Grenze, kurze Antworten, Tokens</translation>
    </message>
    <message>
        <source>light mode, day mode, bright, white, theme</source>
        <translation>Hellmodus, heller Modus, Tagmodus, weiß, light mode</translation>
    </message>
    <message>
        <source>llama.cpp, TQ2_0, comparison, compare, benchmark</source>
        <translation>llama.cpp, TQ2_0, Vergleich, vergleichen, Benchmark</translation>
    </message>
    <message>
        <source>load, restore backup, ChatGPT, Claude</source>
        <translation>laden, Sicherung zurückholen, ChatGPT, Claude</translation>
    </message>
    <message>
        <source>memory, RAM, context window, tokens, longer chats</source>
        <translation>Speicher, RAM, Kontextfenster, Tokens, längere Chats</translation>
    </message>
    <message>
        <source>menu bar</source>
        <translation>Menüleiste</translation>
    </message>
    <message>
        <source>mirror, Hugging Face, endpoint, server</source>
        <translation>Spiegel, Mirror, Hugging Face, Adresse, Server</translation>
    </message>
    <message>
        <source>network log, token, internet, privacy, proxy</source>
        <translation>Netzwerkprotokoll, Token, Internet, Datenschutz, Proxy</translation>
    </message>
    <message>
        <source>network, firewall, SOCKS</source>
        <translation>Netzwerk, Firewall, SOCKS</translation>
    </message>
    <message>
        <source>nucleus, sampling, randomness</source>
        <translation>Nucleus, Sampling, Zufall</translation>
    </message>
    <message>
        <source>preferences, options, configure</source>
        <translation>Optionen, konfigurieren, Voreinstellungen</translation>
    </message>
    <message>
        <source>recently deleted, trash, retention, erase</source>
        <translation>gelöscht, Papierkorb, Aufbewahrung, löschen</translation>
    </message>
    <message>
        <source>remove, trash, erase</source>
        <translation>entfernen, Papierkorb, wegwerfen</translation>
    </message>
    <message>
        <source>repetition, repeats itself, loop</source>
        <translation>Wiederholung, wiederholt sich, Schleife</translation>
    </message>
    <message>
        <source>reproducible, same answer, random</source>
        <translation>wiederholbar, gleiche Antwort, Zufall</translation>
    </message>
    <message>
        <source>reset zoom, reset font, actual size</source>
        <translation>Zoom zurücksetzen, Schrift zurücksetzen, Originalgröße</translation>
    </message>
    <message>
        <source>retry, try again, another answer, redo</source>
        <translation>noch einmal, andere Antwort, wiederholen</translation>
    </message>
    <message>
        <source>return key, send key, new line</source>
        <translation>Eingabetaste, Enter, neue Zeile</translation>
    </message>
    <message>
        <source>sampling, randomness</source>
        <translation>Sampling, Zufall</translation>
    </message>
    <message>
        <source>save, backup, back up, JSON</source>
        <translation>speichern, Sicherung, sichern, Backup, JSON</translation>
    </message>
    <message>
        <source>save, share, write to a file, Markdown, JSON</source>
        <translation>speichern, teilen, in eine Datei schreiben, Markdown, JSON</translation>
    </message>
    <message>
        <source>search, look for, words in this conversation</source>
        <translation>finden, Suche, Wörter in diesem Gespräch</translation>
    </message>
    <message>
        <source>smaller font, zoom out, decrease</source>
        <translation>kleinere Schrift, kleiner, verkleinern, zoom out</translation>
    </message>
    <message>
        <source>spacing, compact, tight, padding</source>
        <translation>Abstand, Abstände, kompakt, eng</translation>
    </message>
    <message>
        <source>speed, faster, slow, CPU, cores, processor, performance</source>
        <translation>Geschwindigkeit, schneller, langsam, CPU, Kerne, Prozessor, Leistung</translation>
    </message>
    <message>
        <source>start over, clear chat, conversation</source>
        <translation>von vorn, neues Gespräch, Unterhaltung</translation>
    </message>
    <message>
        <source>system prompt, temperature, sampling, parameters, chat settings</source>
        <translation>System-Prompt, Temperatur, Sampling, Parameter, Chateinstellungen</translation>
    </message>
    <message>
        <source>title, change title</source>
        <translation>Titel, Titel ändern</translation>
    </message>
    <message>
        <source>update, upgrade, new release, check for updates</source>
        <translation>Update, Aktualisierung, Upgrade, neue Version</translation>
    </message>
    <message>
        <source>upload, add file, document, PDF, Word</source>
        <translation>hochladen, Datei hinzufügen, Dokument, PDF, Word</translation>
    </message>
    <message>
        <source>version, licences, licenses</source>
        <translation>Version, Lizenzen</translation>
    </message>
    <message>
        <source>words a minute, reading speed, stage, calibrate</source>
        <translation>Wörter pro Minute, Lesegeschwindigkeit, Bühne, messen</translation>
    </message>
</context>
<context>
    <name>window_actions</name>
    <message>
        <source>About Tern</source>
        <translation>Über Tern</translation>
    </message>
    <message>
        <source>Attach files…</source>
        <translation>Dateien anhängen …</translation>
    </message>
    <message>
        <source>Copy last reply</source>
        <translation>Letzte Antwort kopieren</translation>
    </message>
    <message>
        <source>Edit the last message</source>
        <translation>Letzte Nachricht bearbeiten</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>Zurück</translation>
    </message>
    <message>
        <source>Assistants and prompts</source>
        <translation>Assistenten und Prompts</translation>
    </message>
    <message>
        <source>Attach a folder…</source>
        <translation>Einen Ordner anhängen …</translation>
    </message>
    <message>
        <source>Benchmark</source>
        <translation>Benchmark</translation>
    </message>
    <message>
        <source>Chat settings</source>
        <translation>Chat-Einstellungen</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>Schließen</translation>
    </message>
    <message>
        <source>Compare versions of the last reply</source>
        <translation>Fassungen der letzten Antwort vergleichen</translation>
    </message>
    <message>
        <source>Default text size</source>
        <translation>Normale Schriftgröße</translation>
    </message>
    <message>
        <source>Delete this chat</source>
        <translation>Diesen Chat löschen</translation>
    </message>
    <message>
        <source>Export all chats…</source>
        <translation>Alle Chats exportieren …</translation>
    </message>
    <message>
        <source>Export this chat…</source>
        <translation>Diesen Chat exportieren …</translation>
    </message>
    <message>
        <source>Import chats…</source>
        <translation>Chats importieren …</translation>
    </message>
    <message>
        <source>Inside the model</source>
        <translation>Das Modell von innen</translation>
    </message>
    <message>
        <source>Instruments</source>
        <translation>Instrumente</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>Tastenkürzel</translation>
    </message>
    <message>
        <source>Larger text</source>
        <translation>Größere Schrift</translation>
    </message>
    <message>
        <source>Look for a newer version…</source>
        <translation>Nach einer neueren Version suchen…</translation>
    </message>
    <message>
        <source>Models</source>
        <translation>Modelle</translation>
    </message>
    <message>
        <source>Network log</source>
        <translation>Netzwerkprotokoll</translation>
    </message>
    <message>
        <source>New chat</source>
        <translation>Neuer Chat</translation>
    </message>
    <message>
        <source>New private chat</source>
        <translation>Neuer privater Chat</translation>
    </message>
    <message>
        <source>Open the menus</source>
        <translation>Die Menüs öffnen</translation>
    </message>
    <message>
        <source>Print the last reply…</source>
        <translation>Letzte Antwort drucken …</translation>
    </message>
    <message>
        <source>Recently deleted</source>
        <translation>Zuletzt gelöscht</translation>
    </message>
    <message>
        <source>Rename this chat</source>
        <translation>Diesen Chat umbenennen</translation>
    </message>
    <message>
        <source>Save the last reply as HTML…</source>
        <translation>Letzte Antwort als HTML speichern …</translation>
    </message>
    <message>
        <source>Save the last reply as PDF…</source>
        <translation>Letzte Antwort als PDF speichern …</translation>
    </message>
    <message>
        <source>Search all chats</source>
        <translation>Alle Chats durchsuchen</translation>
    </message>
    <message>
        <source>Show on the stage (full screen)</source>
        <translation>Auf der Bühne zeigen (Vollbild)</translation>
    </message>
    <message>
        <source>Show or hide the sidebar</source>
        <translation>Seitenleiste ein- oder ausblenden</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>Beenden</translation>
    </message>
    <message>
        <source>Find actions, settings and chats</source>
        <translation>Befehle, Einstellungen und Chats finden</translation>
    </message>
    <message>
        <source>Find in this chat</source>
        <translation>In diesem Chat suchen</translation>
    </message>
    <message>
        <source>Pin this chat</source>
        <translation>Chat anheften</translation>
    </message>
    <message>
        <source>Regenerate the last reply</source>
        <translation>Die letzte Antwort neu schreiben</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>Einstellungen</translation>
    </message>
    <message>
        <source>Smaller text</source>
        <translation>Kleinere Schrift</translation>
    </message>
    <message>
        <source>Stop the reply</source>
        <translation>Die Antwort stoppen</translation>
    </message>
    <message>
        <source>Undo delete</source>
        <translation>Löschen rückgängig machen</translation>
    </message>
    <message>
        <source>Write a message</source>
        <translation>Eine Nachricht schreiben</translation>
    </message>
</context>
</TS>
