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
 * Keeps the questions of a quiz in the course's question bank.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\questions;

use core_question\local\bank\question_bank_helper;
use core_question\local\bank\question_version_status;
use local_moodlesync\local\failure;
use local_moodlesync\local\scope;

/**
 * One question category a quiz, whose idnumber is the quiz's full key.
 *
 * Up to Moodle 4.5 the bank is the course's own context, from 5.0 on an activity (mod_qbank) of the course.
 */
final class question_store {
    /** @var \stdClass|null|false the category, null when there is none yet, false before it was looked for. */
    private \stdClass|null|false $category = false;

    /**
     * Constructor.
     *
     * @param scope $scope the course
     * @param string $idnumber full key of the quiz
     */
    public function __construct(
        /** @var scope the course. */
        private readonly scope $scope,
        /** @var string full key of the quiz. */
        private readonly string $idnumber,
    ) {
    }

    /**
     * The newest versions of the questions that are kept.
     *
     * @return \stdClass[] entryid, questionid; by the idnumber of the entry
     */
    public function entries(): array {
        global $DB;
        if (!$category = $this->category()) {
            return [];
        }
        return $DB->get_records_sql(
            "SELECT e.idnumber, e.id AS entryid, v.questionid
               FROM {question_bank_entries} e
               JOIN {question_versions} v ON v.questionbankentryid = e.id AND v.version =
                    (SELECT MAX(l.version) FROM {question_versions} l WHERE l.questionbankentryid = e.id)
              WHERE e.questioncategoryid = ? AND e.idnumber IS NOT NULL",
            [$category->id]
        );
    }

    /**
     * Refuses a caller who could not add questions here by hand, making the bank and the category if need be.
     */
    public function prepare(): void {
        global $CFG, $DB;
        require_once($CFG->libdir . '/questionlib.php');
        if ($category = $this->category()) {
            require_capability('moodle/question:add', \context::instance_by_id($category->contextid));
            return;
        }
        $context = $this->bank();
        require_capability('moodle/question:add', $context);
        $category = (object)[
            'name' => $this->idnumber,
            'info' => '',
            'infoformat' => FORMAT_HTML,
            'contextid' => $context->id,
            'parent' => question_get_top_category($context->id, true)->id,
            'sortorder' => 999,
            'stamp' => make_unique_id_code(),
            'idnumber' => $this->idnumber,
        ];
        $category->id = $DB->insert_record('question_categories', $category);
        \core\event\question_category_created::create_from_question_category_instance($category)->trigger();
        $this->category = $category;
    }

    /**
     * Saves a parsed question as a new version of its entry, the way Moodle's own import saves questions.
     *
     * Not by question_type::save_question(): that one answers a bad question with a page of HTML and exit.
     *
     * @param \stdClass $question parsed question
     * @param string $idnumber of its entry
     * @param int|null $entryid its entry, null for a new one
     * @param string $path of the file in the request
     * @return \stdClass entryid, questionid
     */
    public function save(\stdClass $question, string $idnumber, ?int $entryid, string $path): \stdClass {
        global $DB, $USER;
        $category = $this->category();
        $context = \context::instance_by_id($category->contextid);
        $question = unserialize(serialize($question)); // Question types write into the objects within.
        unset($question->idnumber);
        $question->context = $context;
        $question->category = $category->id;
        $question->stamp = make_unique_id_code();
        $question->createdby = $question->modifiedby = $USER->id;
        $question->timecreated = $question->timemodified = time();
        $question->id = $DB->insert_record('question', $question);
        $entryid ??= $DB->insert_record('question_bank_entries', [
            'questioncategoryid' => $category->id,
            'idnumber' => $idnumber,
            'ownerid' => $USER->id,
        ]);
        $DB->insert_record('question_versions', [
            'questionbankentryid' => $entryid,
            'questionid' => $question->id,
            'version' => get_next_version($entryid),
            'status' => question_version_status::QUESTION_STATUS_READY,
        ]);
        $this->save_parts($question, $context, $path);
        \core\event\question_created::create_from_question_instance($question, $context)->trigger();
        return (object)['entryid' => (int)$entryid, 'questionid' => (int)$question->id];
    }

    /**
     * Saves the files, answers, options and tags of a question.
     *
     * @param \stdClass $question parsed question with its new id
     * @param \context $context of the bank
     * @param string $path of the file in the request
     */
    private function save_parts(\stdClass $question, \context $context, string $path): void {
        global $DB;
        foreach (['questiontext', 'generalfeedback'] as $area) {
            if (isset($question->{"{$area}itemid"})) {
                $question->$area = file_save_draft_area_files(
                    $question->{"{$area}itemid"},
                    $context->id,
                    'question',
                    $area,
                    $question->id,
                    ['subdirs' => true, 'maxfiles' => -1, 'maxbytes' => 0],
                    $question->$area
                );
            }
        }
        $DB->update_record('question', $question);
        $result = \question_bank::get_qtype($question->qtype)->save_question_options($question);
        foreach (['error', 'notice', 'noticeyesno'] as $complaint) {
            if (!empty($result->$complaint)) {
                throw new failure('badquestions', $path, "\"$question->name\": " . html_to_text($result->$complaint, 0, false));
            }
        }
        if (\core_tag_tag::is_enabled('core_question', 'question')) {
            $tags = array_merge($question->coursetags ?? [], $question->tags ?? []);
            \core_tag_tag::set_item_tags('core_question', 'question', $question->id, $context, $tags);
        }
    }

    /**
     * The category of the quiz, wherever in the course it is kept.
     *
     * @return \stdClass|null
     */
    private function category(): ?\stdClass {
        global $DB;
        if ($this->category === false) {
            $like = $DB->sql_like('ctx.path', ':path');
            $found = $DB->get_records_sql(
                "SELECT c.*
                   FROM {question_categories} c
                   JOIN {context} ctx ON ctx.id = c.contextid
                  WHERE c.idnumber = :idnumber AND (ctx.id = :contextid OR $like)
               ORDER BY c.id",
                [
                    'idnumber' => $this->idnumber,
                    'contextid' => $this->scope->context->id,
                    'path' => $DB->sql_like_escape($this->scope->context->path) . '/%',
                ],
                0,
                1
            );
            $this->category = $found ? reset($found) : null;
        }
        return $this->category;
    }

    /**
     * The context in which this Moodle keeps the questions of a course.
     *
     * @return \context
     */
    private function bank(): \context {
        if (!class_exists(question_bank_helper::class)) {
            return $this->scope->context;
        }
        $bank = question_bank_helper::get_default_open_instance_system_type($this->scope->course, true);
        return \context_module::instance($bank->id);
    }
}
