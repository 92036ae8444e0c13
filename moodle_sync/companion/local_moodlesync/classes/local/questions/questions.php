<?php
// This file is part of Moodle - https://moodle.org/
//
// Moodle is free software: you can redistribute it and/or modify
// it under the terms of the GNU General Public License as published by
// the Free Software Foundation, either version 3 of the License, or
// (at your option) any later version.
//
// Moodle is distributed in the hope that it will be useful,
// but WITHOUT ANY WARRANTY; without even the implied warranty of
// MERCHANTABILITY or FITNESS FOR A PARTICULAR PURPOSE.  See the
// GNU General Public License for more details.
//
// You should have received a copy of the GNU General Public License
// along with Moodle.  If not, see <https://www.gnu.org/licenses/>.

/**
 * Makes the questions of a quiz be those of a file.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\questions;

use local_moodlesync\local\baseline;
use local_moodlesync\local\failure;
use local_moodlesync\local\scope;
use local_moodlesync\local\values;
use mod_quiz\quiz_settings;

/**
 * One file of questions and the quiz that it belongs to.
 *
 * What was written of each question is remembered (digest of the source, digest as stored), so that the same file again
 * changes nothing, and a question that somebody edited meanwhile is seen.
 */
final class questions {
    /** @var \stdClass[] parsed questions, by id, in the order of the file. */
    private readonly array $parsed;

    /** @var string[] digests of the parsed questions, by id. */
    private readonly array $digests;

    /** @var question_store where they are kept. */
    private readonly question_store $store;

    /** @var baseline what was written of them. */
    private readonly baseline $memory;

    /**
     * Constructor.
     *
     * @param scope $scope the course
     * @param \stdClass $cm course module of the quiz
     * @param string $key local key of the quiz
     * @param array $file format and text
     * @param string $path of the file in the request
     */
    public function __construct(
        /** @var scope the course. */
        private readonly scope $scope,
        /** @var \stdClass course module of the quiz. */
        private readonly \stdClass $cm,
        /** @var string local key of the quiz. */
        private readonly string $key,
        array $file,
        /** @var string of the file in the request. */
        private readonly string $path,
    ) {
        $this->parsed = question_file::read($file['format'], $file['text'], $scope->course, "$path.text");
        $this->digests = array_map(question_file::digest(...), $this->parsed);
        $this->store = new question_store($scope, $cm->idnumber);
        $this->memory = new baseline($scope->namespace, (int)$scope->course->id);
        foreach (array_keys($this->parsed) as $id) {
            if (\core_text::strlen($this->entry_idnumber($id)) > scope::IDNUMBER) {
                throw new failure('keytoolong', "$path.text", $this->entry_idnumber($id));
            }
        }
    }

    /**
     * Whether anything is to be written.
     *
     * @return bool
     */
    public function differ(): bool {
        $entries = $this->store->entries();
        return $this->to_save($entries) || !$this->arranged(array_column($this->ordered($entries), 'entryid'));
    }

    /**
     * Writes new versions of the questions that changed, and puts the slots in the order of the file.
     */
    public function write(): void {
        global $CFG, $DB;
        require_once($CFG->dirroot . '/mod/quiz/locallib.php');
        if ($DB->record_exists('quiz_attempts', ['quiz' => $this->cm->instance, 'preview' => 0])) {
            throw new failure('quizused', $this->path, $this->cm->idnumber);
        }
        $quiz = $DB->get_record('quiz', ['id' => $this->cm->instance], '*', MUST_EXIST);
        quiz_delete_previews($quiz);
        $this->store->prepare();
        $entries = $this->store->entries();
        foreach ($this->to_save($entries) as $id => $question) {
            $idnumber = $this->entry_idnumber($id);
            $entry = $this->store->save($question, $idnumber, $entries[$idnumber]->entryid ?? null, "$this->path.text");
            $entries[$idnumber] = $entry;
            $this->memory->merge(baseline::QUESTION, $this->memory_key($id), [
                'source' => $this->digests[$id],
                'stored' => question_digest::of([$entry->questionid])[$entry->questionid],
            ]);
        }
        $this->arrange($this->ordered($entries));
    }

    /**
     * The questions that are new, changed in the file, or changed in Moodle.
     *
     * @param \stdClass[] $entries what is kept
     * @return \stdClass[] parsed questions, by id
     */
    private function to_save(array $entries): array {
        $memory = $this->memory->of(baseline::QUESTION, array_map($this->memory_key(...), array_keys($this->parsed)));
        $stored = question_digest::of(array_column($entries, 'questionid'));
        return array_filter($this->parsed, function (\stdClass $question, string|int $id) use ($entries, $memory, $stored) {
            $entry = $entries[$this->entry_idnumber($id)] ?? null;
            $known = $memory[$this->memory_key($id)] ?? null;
            return !$entry || !$known || $known->stored !== $stored[$entry->questionid]
                || $known->source !== $this->digests[$id];
        }, ARRAY_FILTER_USE_BOTH);
    }

    /**
     * The entries of the file's questions, in its order.
     *
     * @param \stdClass[] $entries what is kept, by idnumber
     * @return \stdClass[]
     */
    private function ordered(array $entries): array {
        $wanted = array_map($this->entry_idnumber(...), array_keys($this->parsed));
        return array_values(array_filter(array_map(fn($idnumber) => $entries[$idnumber] ?? null, $wanted)));
    }

    /**
     * Whether the slots are as they should be: ours first, in order, one mark each, always the latest version.
     *
     * @param int[] $entryids entries in the order of the file
     * @return bool
     */
    private function arranged(array $entryids): bool {
        $slots = array_values(quiz_state::slots([$this->cm->instance]));
        $ours = array_filter($slots, fn($slot) => quiz_state::key($slot, $this->cm->idnumber) !== null);
        foreach ($ours as $slot) {
            if ($slot->pinned !== null || values::decimal($slot->maxmark) !== '1') {
                return false;
            }
        }
        return array_keys($ours) === array_keys($entryids)
            && array_map('intval', array_column($ours, 'entryid')) === array_map('intval', $entryids);
    }

    /**
     * Removes, adds and orders slots. What a person put into the quiz stays, behind ours.
     *
     * @param \stdClass[] $entries in the order of the file
     */
    private function arrange(array $entries): void {
        global $DB;
        $quizid = (int)$this->cm->instance;
        $wanted = array_map('intval', array_column($entries, 'entryid'));
        $this->remove_others($quizid, $wanted);
        $quiz = $DB->get_record('quiz', ['id' => $quizid], '*', MUST_EXIST);
        $quiz->cmid = $this->cm->id;
        foreach ($entries as $entry) {
            quiz_add_quiz_question($entry->questionid, $quiz, 0, 1.0); // Does nothing when it is in the quiz already.
        }
        $order = $numbers = [];
        foreach (quiz_state::slots([$quizid]) as $slot) {
            $place = array_search((int)$slot->entryid, $wanted, true);
            $order[$slot->slot] = $place === false ? count($wanted) + $slot->slot : $place;
        }
        asort($order);
        foreach (array_keys($order) as $i => $number) {
            $numbers[$number] = $i + 1;
        }
        update_field_with_unique_index('quiz_slots', 'slot', $numbers, ['quizid' => $quizid]);
        $this->normalise($quizid, $wanted);
        quiz_repaginate_questions($quizid, $quiz->questionsperpage);
        quiz_settings::create($quizid)->get_grade_calculator()->recompute_quiz_sumgrades();
    }

    /**
     * Removes the slots of our questions that are no longer in the file.
     *
     * @param int $quizid the quiz
     * @param int[] $wanted entries that stay
     */
    private function remove_others(int $quizid, array $wanted): void {
        $structure = quiz_settings::create($quizid)->get_structure();
        foreach (array_reverse(quiz_state::slots([$quizid])) as $slot) { // From behind: the numbers before stay.
            $ours = quiz_state::key($slot, $this->cm->idnumber) !== null;
            if ($ours && !in_array((int)$slot->entryid, $wanted, true)) {
                $structure->remove_slot($slot->slot);
            }
        }
    }

    /**
     * One mark for each of our slots, and always the latest version.
     *
     * @param int $quizid the quiz
     * @param int[] $wanted our entries
     */
    private function normalise(int $quizid, array $wanted): void {
        $structure = quiz_settings::create($quizid)->get_structure();
        foreach (quiz_state::slots([$quizid]) as $slot) {
            if (in_array((int)$slot->entryid, $wanted, true)) {
                $structure->update_slot_maxmark($structure->get_slot_by_id($slot->id), 1.0);
                $structure->update_slot_version($slot->id, null);
            }
        }
    }

    /**
     * The idnumber of a question's entry in the bank.
     *
     * @param string|int $id of the question in the file
     * @return string
     */
    private function entry_idnumber(string|int $id): string {
        return "{$this->cm->idnumber}.$id";
    }

    /**
     * The key under which a question is remembered.
     *
     * @param string|int $id of the question in the file
     * @return string
     */
    private function memory_key(string|int $id): string {
        return "$this->key/$id";
    }
}
