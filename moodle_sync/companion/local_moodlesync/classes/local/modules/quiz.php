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
 * Quizzes.
 *
 * @package    local_moodlesync
 * @copyright  2026 moodle_sync contributors
 * @license    https://www.gnu.org/copyleft/gpl.html GNU GPL v3 or later
 */

namespace local_moodlesync\local\modules;

use local_moodlesync\local\failure;
use local_moodlesync\local\item;
use local_moodlesync\local\payload;
use local_moodlesync\local\questions\questions;
use local_moodlesync\local\questions\quiz_state;
use local_moodlesync\local\values;
use mod_quiz\question\display_options;
use mod_quiz\quiz_settings;

/**
 * The quiz: questions answered and graded by Moodle.
 */
final class quiz extends graded {
    /** Fields that are one column each. */
    private const COLUMNS = [
        'opens' => 'timeopen',
        'due' => 'timeclose',
        'time_limit' => 'timelimit',
        'attempts' => 'attempts',
        'grade_method' => 'grademethod',
    ];

    /** Our words for quiz.grademethod. */
    private const METHODS = ['1' => 'highest', '2' => 'average', '3' => 'first', '4' => 'last'];

    /** @var questions[] the questions of an item, by its key: parsed once. */
    private array $questions = [];

    #[\Override]
    public function readers(): array {
        $moment = fn(payload $p, string $f) => $p->moment($f);
        return [
            'opens' => $moment,
            'due' => $moment,
            'time_limit' => fn(payload $p, string $f) => $p->int($f, 0, 31536000),
            'grade_method' => fn(payload $p, string $f) => $p->choice($f, array_values(self::METHODS)),
            'questions' => fn(payload $p, string $f) => $p->object($f)->read([
                'format' => fn(payload $q, string $g) => $q->choice($g, ['gift', 'xml']),
                'text' => fn(payload $q, string $g) => $q->html($g),
            ]) + ['format' => $p->object($f)->raw('format'), 'text' => $p->object($f)->raw('text')],
        ] + parent::readers();
    }

    #[\Override]
    public function rules(): array {
        return ['grade', 'pass', 'attempts'];
    }

    #[\Override]
    public function defaults(): array {
        global $CFG;
        require_once($CFG->dirroot . '/mod/quiz/locallib.php');
        $config = get_config('quiz');
        $settings = [
            'quizpassword' => '',
            'grade' => $config->maximumgrade ?? 10,
            'timeopen' => 0,
            'timeclose' => 0,
            'timelimit' => 0,
            'sumgrades' => 0,
        ];
        $columns = ['overduehandling' => 'autosubmit', 'graceperiod' => 86400, 'preferredbehaviour' => 'deferredfeedback',
            'canredoquestions' => 0, 'attempts' => 0, 'attemptonlast' => 0, 'grademethod' => QUIZ_GRADEHIGHEST,
            'decimalpoints' => 2, 'questiondecimalpoints' => -1, 'questionsperpage' => 1, 'navmethod' => 'free',
            'shuffleanswers' => 1, 'subnet' => '', 'browsersecurity' => '-', 'delay1' => 0, 'delay2' => 0,
            'showuserpicture' => 0, 'showblocks' => 0];
        foreach ($columns as $name => $default) {
            $settings[$name] = $config->$name ?? $default;
        }
        return $settings + self::review_defaults($config);
    }

    #[\Override]
    public function states(array $instances, array $cms): array {
        $pass = $this->grades_to_pass('quiz', array_keys($instances));
        $questions = (new quiz_state())->read(array_column($cms, 'idnumber', 'instance'));
        $states = [];
        foreach ($instances as $id => $row) {
            $states[$id] = [
                'opens' => values::moment($row->timeopen),
                'due' => values::moment($row->timeclose),
                'time_limit' => (int)$row->timelimit,
                'attempts' => (int)$row->attempts,
                'grade_max' => values::decimal($row->grade),
                'grade_pass' => $pass[$id] ?? null,
                'grade_method' => self::METHODS[$row->grademethod],
                'questions' => $questions[$id] ?? [],
            ];
        }
        return $states;
    }

    #[\Override]
    public function differs(string $field, mixed $wanted, mixed $current, \stdClass $cm, item $item): bool {
        if ($field === 'questions') {
            return $this->questions($cm, $item)->differ();
        }
        return parent::differs($field, $wanted, $current, $cm, $item);
    }

    #[\Override]
    public function check(array $after, array $changes, item $item): void {
        parent::check($after, $changes, $item);
        $this->in_order($after, $changes, $item, 'opens', 'due');
        $needed = $after['completion']['attempts'];
        $concerned = array_intersect_key($changes, ['attempts' => 1, 'completion' => 1]);
        if ($concerned && $after['attempts'] && $needed > $after['attempts']) {
            throw failure::payload($item->at('attempts'), "completion needs $needed attempts, and fewer are allowed");
        }
    }

    #[\Override]
    public function write(\stdClass $cm, array $changes, item $item): void {
        global $CFG;
        require_once($CFG->dirroot . '/mod/quiz/locallib.php');
        $this->write_columns($cm, $changes);
        if (isset($changes['grade_max'])) {
            quiz_settings::create($cm->instance)->get_grade_calculator()->update_quiz_maximum_grade((float)$changes['grade_max']);
        }
        if (isset($changes['questions'])) {
            $this->questions($cm, $item)->write();
        }
        $this->write_grade_to_pass($cm, $changes, $item);
    }

    /**
     * Writes the fields that are columns, and does what Moodle does after each.
     *
     * @param \stdClass $cm course module
     * @param array $changes field => wanted value
     */
    private function write_columns(\stdClass $cm, array $changes): void {
        $columns = [];
        foreach (array_intersect_key(self::COLUMNS, $changes) as $field => $column) {
            $columns[$column] = (int)$changes[$field];
        }
        if (isset($changes['grade_method'])) {
            $columns['grademethod'] = array_search($changes['grade_method'], self::METHODS, true);
        }
        if (!$columns) {
            return;
        }
        $this->update($cm, $columns);
        $quiz = $this->record_for_gradebook($cm);
        quiz_grade_item_update($quiz);
        if (isset($columns['grademethod'])) {
            quiz_settings::create($cm->instance)->get_grade_calculator()->recompute_all_final_grades();
            quiz_update_grades($quiz);
        }
        if (array_intersect_key($columns, ['timelimit' => 1, 'timeclose' => 1])) {
            quiz_update_open_attempts(['quizid' => $cm->instance]);
        }
    }

    /**
     * The questions of an item.
     *
     * @param \stdClass $cm course module
     * @param item $item the item
     * @return questions
     */
    private function questions(\stdClass $cm, item $item): questions {
        return $this->questions[$item->key] ??= new questions(
            $this->scope,
            $cm,
            $item->key,
            $item->fields['questions'],
            $item->at('questions')
        );
    }

    /**
     * The site's defaults for what learners may review, in the words of the quiz form.
     *
     * @param \stdClass $config settings of the quiz module
     * @return array
     */
    private static function review_defaults(\stdClass $config): array {
        $times = [
            'during' => display_options::DURING,
            'immediately' => display_options::IMMEDIATELY_AFTER,
            'open' => display_options::LATER_WHILE_OPEN,
            'closed' => display_options::AFTER_CLOSE,
        ];
        $settings = [];
        foreach (
            ['attempt', 'correctness', 'maxmarks', 'marks', 'specificfeedback', 'generalfeedback', 'rightanswer',
                'overallfeedback'] as $what
        ) {
            $mask = (int)($config->{"review$what"} ?? array_sum($times));
            foreach ($times as $when => $bit) {
                $settings[$what . $when] = (int)(bool)($mask & $bit);
            }
        }
        return $settings;
    }
}
